// SPDX-License-Identifier: Apache-2.0
// How a test case says that it cannot run here.
#pragma once

#include <string>

namespace tenon_test {

/// Counts the running test case as skipped, unless an assertion in it fails.
void skip(const std::string& why);

}  // namespace tenon_test

/// Ends a test case that cannot run here; `why` is printed. It counts as skipped, not as passed.
#define TENON_SKIP(why)    \
  do {                     \
    tenon_test::skip(why); \
    SUCCEED("cannot run"); \
    return;                \
  } while (false)
