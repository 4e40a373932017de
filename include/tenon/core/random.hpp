// SPDX-License-Identifier: Apache-2.0
// A small random stream that gives the same numbers with every compiler and library.
#pragma once

#include <cstdint>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// SplitMix64 (Steele, Lea, Flood 2014): a counter walked in odd steps and hashed. Standard distributions differ
/// between libraries; these draws are integer arithmetic alone.
class random_stream {
 public:
  constexpr explicit random_stream(std::uint64_t seed) : state_(seed) {}

  /// The stream number `index` of a family: streams of one seed are unrelated to each other.
  constexpr random_stream(std::uint64_t seed, std::uint64_t index) : state_(hash(hash(seed) ^ index)) {}

  /// 64 random bits.
  constexpr std::uint64_t bits() {
    state_ += golden_ratio;
    return hash(state_);
  }

  /// A whole number in [0, count); count in 1 .. 2^31 - 1.
  constexpr std::int32_t below(std::int32_t count) {
    return static_cast<std::int32_t>(((bits() >> 32) * static_cast<std::uint64_t>(count)) >> 32);
  }

  /// A whole number in [least, greatest], both included.
  constexpr std::int32_t between(std::int32_t least, std::int32_t greatest) {
    return least + below(greatest - least + 1);
  }

 private:
  static constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15u;

  static constexpr std::uint64_t hash(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
  }

  std::uint64_t state_;
};

}  // namespace v0
}  // namespace tenon
