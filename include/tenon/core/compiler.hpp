// SPDX-License-Identifier: Apache-2.0
// Compiler quirks, each with its reason and the condition for its removal.
#pragma once

/// Stands before every function template of a kernel and every helper it calls: code for one instruction set in a
/// program built without -march. An always_inline helper needs the same attribute as its caller, or the compilers
/// refuse to inline it.
#define TENON_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define TENON_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define TENON_ALWAYS_INLINE inline __attribute__((always_inline))
