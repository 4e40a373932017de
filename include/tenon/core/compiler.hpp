// SPDX-License-Identifier: Apache-2.0
// Compiler quirks, each with its reason and the condition for its removal.
#pragma once

#include "tenon/core/language.hpp"

/// Stands before every function template of a kernel and every helper it calls: code for one instruction set in a
/// program built without -march. An always_inline helper needs the same attribute as its caller, or the compilers
/// refuse to inline it.
#define TENON_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define TENON_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define TENON_ALWAYS_INLINE inline __attribute__((always_inline))

/// Around functions whose arithmetic must stay as it is written, in a user's program compiled with -ffast-math or parts
/// of it: there sums are not to be put into another order, and NaN and infinity are numbers that occur. A pair stands
/// at file scope and without semicolons. It can go when nobody compiles with these flags.
#if defined(__clang__)
#  define TENON_EXACT_BEGIN _Pragma("float_control(precise, on, push)")
#  define TENON_EXACT_END _Pragma("float_control(pop)")
#elif defined(__FAST_MATH__) || __FINITE_MATH_ONLY__ || defined(__ASSOCIATIVE_MATH__) || \
    defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#  define TENON_EXACT_BEGIN                                                                                        \
    _Pragma("GCC push_options") _Pragma("GCC optimize(\"no-unsafe-math-optimizations\", \"no-finite-math-only\")") \
        _Pragma("GCC optimize(\"no-associative-math\", \"no-reciprocal-math\", \"signed-zeros\")")
#  define TENON_EXACT_END _Pragma("GCC pop_options")
#else
#  define TENON_EXACT_BEGIN
#  define TENON_EXACT_END
#endif

/// Whether an expression is a constant. Given -fsanitize=undefined, g++ 12 does not compare the addresses of inline
/// variables with each other or with null in constant evaluation, and no macro tells that it was given. It can go when
/// g++ compares them then too.
#define TENON_IS_CONSTANT(expression) __builtin_constant_p(expression)
