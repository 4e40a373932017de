// SPDX-License-Identifier: Apache-2.0
// Whether what need not be known while compiling is compiled in every file that uses it, or in one of the program.
#pragma once

#include "tenon/core/language.hpp"

// Header-only is the default. A program all of whose files are compiled with -DTENON_SEPARATE_COMPILATION includes
// tenon/compiled.hpp in one of them: kernels, the backends' programs, the planning of sizes known while running,
// weights and checkpoints are compiled there, once, and the other files do not even read them.
//
// A header whose functions can be separated declares them and, at its end, includes NAME_definitions.hpp where
// TENON_SEPARATE_COMPILATION is not defined. There each function begins with TENON_INLINE.
#ifdef TENON_SEPARATE_COMPILATION
#  define TENON_INLINE
/// Stands at class templates whose layout depends on it: files compiled one way and the other do not link to each
/// other's, instead of taking one for the other.
#  define TENON_SEPARATE_TAG [[gnu::abi_tag("separate")]]
#else
#  define TENON_INLINE inline
#  define TENON_SEPARATE_TAG
#endif
