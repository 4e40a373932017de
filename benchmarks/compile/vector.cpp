// SPDX-License-Identifier: Apache-2.0
// <vector> alone.
#include <vector>
int main() {}
