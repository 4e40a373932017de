// SPDX-License-Identifier: Apache-2.0
// Compiles the file named by TENON_KERNEL_FILE once for each instruction set.
//
// A function's target attribute has to be spelled in the text: it can depend on no template parameter, and a pragma
// does not reach templates. So a header of kernels is read three more times, each time in another namespace:
//
//   TENON_KERNEL_ISA     baseline, avx2 or avx512: the enumerator of `isa` and the name of the namespace
//   TENON_KERNEL         stands before every function that computes with vectors
//   TENON_KERNEL_INLINE  the same for a helper, which is inlined always
//
// What convolutions are entered by are templates of their arguments, so that a program in whose plan none is computed
// so instantiates nothing of them.
//
// A lambda in such a function would be compiled without its attribute; in_parallel of parts.hpp takes functions.

// No `#pragma once`: each header of kernels includes this one.
#ifdef TENON_KERNEL_FILE

#  include "tenon/core/compiler.hpp"

#  define TENON_KERNEL_INLINE TENON_KERNEL TENON_ALWAYS_INLINE

TENON_EXACT_BEGIN

// For machines older than AVX2: compiled for size, which takes the compiler less time.
#  define TENON_KERNEL_ISA baseline
#  define TENON_KERNEL __attribute__((cold))
#  include TENON_KERNEL_FILE
#  undef TENON_KERNEL
#  undef TENON_KERNEL_ISA

#  define TENON_KERNEL_ISA avx2
#  define TENON_KERNEL TENON_TARGET_AVX2
#  include TENON_KERNEL_FILE
#  undef TENON_KERNEL
#  undef TENON_KERNEL_ISA

#  define TENON_KERNEL_ISA avx512
#  define TENON_KERNEL TENON_TARGET_AVX512
#  include TENON_KERNEL_FILE
#  undef TENON_KERNEL
#  undef TENON_KERNEL_ISA

TENON_EXACT_END

#  undef TENON_KERNEL_INLINE
#  undef TENON_KERNEL_FILE
#endif
