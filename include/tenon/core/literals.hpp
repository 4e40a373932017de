// SPDX-License-Identifier: Apache-2.0
// Byte sizes as literals: 160_MiB, 2_GiB.
#pragma once

#include <cstdint>
#include <limits>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {
/// Sizes are binary: 1_KiB is 1024 bytes.
namespace literals {

/// Where it stops a compiler, the line before says the number.
void size_exceeds_64_bits();

consteval std::int64_t shifted_size(unsigned long long count, int bits) {
  if (count > static_cast<unsigned long long>(std::numeric_limits<std::int64_t>::max() >> bits)) size_exceeds_64_bits();
  return static_cast<std::int64_t>(count << bits);
}

consteval std::int64_t operator""_KiB(unsigned long long count) { return shifted_size(count, 10); }
consteval std::int64_t operator""_MiB(unsigned long long count) { return shifted_size(count, 20); }
consteval std::int64_t operator""_GiB(unsigned long long count) { return shifted_size(count, 30); }

}  // namespace literals
}  // namespace v0
}  // namespace tenon
