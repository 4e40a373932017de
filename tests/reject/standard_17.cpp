// SPDX-License-Identifier: Apache-2.0
// The compiler is told another standard than C++20: one sentence, not what follows from it.
// options: -std=gnu++17
// expect: Tenon needs C\+\+20: -std=c\+\+20; Meson: cpp_std=c\+\+20; CMake: target_compile_features
// errors: 2
#include "tenon/tenon.hpp"

static_assert(tenon::image<1, 3, 8, 8>::extents.rank == 4);
