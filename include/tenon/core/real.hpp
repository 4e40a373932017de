// SPDX-License-Identifier: Apache-2.0
// A real number that may stand as a template argument: leaky_relu<0.1>.
#pragma once

#include <bit>
#include <cstdint>

namespace tenon {
inline namespace v0 {

/// A structural stand-in for double as a template parameter: clang 16 takes no template arguments of floating-point
/// type. Equal bits are the same argument.
struct real {
  std::uint64_t bits = 0;

  consteval real(double value) : bits(std::bit_cast<std::uint64_t>(value)) {}  // NOLINT: implicit, made from a literal

  constexpr double value() const { return std::bit_cast<double>(bits); }
};

}  // namespace v0
}  // namespace tenon
