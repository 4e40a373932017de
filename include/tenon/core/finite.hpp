// SPDX-License-Identifier: Apache-2.0
// Whether a number is finite or a NaN, told by its bits: -ffast-math makes compilers believe that every number is.
#pragma once

#include <bit>
#include <cstdint>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

// Arguments are references, because a compiler may also believe so of every argument that is a number.

/// Whether the number is neither infinite nor a NaN, under any compiler flags.
constexpr bool is_finite(const float& value) {
  return (std::bit_cast<std::uint32_t>(value) & 0x7f800000U) != 0x7f800000U;
}
constexpr bool is_finite(const double& value) {
  return (std::bit_cast<std::uint64_t>(value) & 0x7ff0000000000000U) != 0x7ff0000000000000U;
}

/// Whether the number is a NaN, under any compiler flags.
constexpr bool is_nan(const float& value) { return (std::bit_cast<std::uint32_t>(value) & 0x7fffffffU) > 0x7f800000U; }
constexpr bool is_nan(const double& value) {
  return (std::bit_cast<std::uint64_t>(value) & 0x7fffffffffffffffU) > 0x7ff0000000000000U;
}

}  // namespace v0
}  // namespace tenon
