// SPDX-License-Identifier: Apache-2.0
// The instruction sets that kernels are compiled for, and which of them the machine has.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// An instruction set. `baseline` is what every x86-64 has; avx2 includes fma, avx512 is F, BW, DQ and VL.
enum class isa : std::uint8_t { baseline, avx2, avx512 };

/// The channels in a block of a blocked tensor.
constexpr int block_of(isa set) { return set == isa::avx512 ? 16 : 8; }

/// The floats in a vector.
constexpr int width_of(isa set) { return set == isa::avx512 ? 16 : set == isa::avx2 ? 8 : 4; }

constexpr std::string_view name_of(isa set) {
  return set == isa::avx512 ? "avx512" : set == isa::avx2 ? "avx2" : "baseline";
}

/// The one of three that is for the given set, such as functions of the namespaces that each_isa.hpp makes.
template <class Function>
constexpr Function dispatch(isa set, Function baseline, Function avx2, Function avx512) {
  return set == isa::avx512 ? avx512 : set == isa::avx2 ? avx2 : baseline;
}

/// The greatest instruction set that the processor and the operating system support.
inline isa supported_isa() {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx2 && avx512 ? isa::avx512 : avx2 ? isa::avx2 : isa::baseline;
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
