// SPDX-License-Identifier: Apache-2.0
// Holds a place in the compilation database: headers.py and ../reject/run.py compile with this file's command line.

namespace tenon_test {
extern const int flags;
const int flags = 1;
}  // namespace tenon_test
