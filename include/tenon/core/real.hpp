// SPDX-License-Identifier: Apache-2.0
// A real number that may stand as a template argument: leaky_relu<0.1>.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// A structural stand-in for double as a template parameter: clang 16 takes no template arguments of floating-point
/// type. Equal bits are the same argument.
struct real {
  std::uint64_t bits = 0;

  consteval real(double value) : bits(std::bit_cast<std::uint64_t>(value)) {}  // NOLINT: implicit, made from a literal
  /// For clang, which makes no double of another number that is a template argument.
  template <class Number>
  requires std::integral<Number> || std::floating_point<Number>
  consteval real(Number value) : real(static_cast<double>(value)) {}  // NOLINT: as above

  constexpr double value() const { return std::bit_cast<double>(bits); }
};

}  // namespace v0
}  // namespace tenon
