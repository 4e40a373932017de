// SPDX-License-Identifier: Apache-2.0
// Says in one sentence that the compiler or its language is too old. Every header includes this, or one that does.
#pragma once

/// `#include TENON_STOP` behind an #error ends the compilation: compilers read on behind an #error, and print thousands
/// of lines that follow from it, but stop at a file that is not there (g++ 12 does not, if __has_include was asked for
/// the file).
#define TENON_STOP "see the error above"

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12
#  error "Tenon needs g++ 12 or newer, or clang 16 or newer"
#  include TENON_STOP
#elif __cplusplus < 202002L
#  error "Tenon needs C++20: -std=c++20; Meson: cpp_std=c++20; CMake: target_compile_features(mine PRIVATE cxx_std_20)"
#  include TENON_STOP
#endif
