// SPDX-License-Identifier: Apache-2.0
// Whether numbers are finite, and the error where they have to be and are not.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/core/finite.hpp"

namespace tenon {
inline namespace v0 {

/// "nan", "inf" or "-inf"
inline std::string text_of_not_finite(double value) {
  if (is_nan(value)) return "nan";  // its sign means nothing
  return value > 0 ? "inf" : "-inf";
}

/// Throws numeric_error for the first of `count` numbers that is not finite; there must be one. `what` begins the
/// sentence, `name` is the offending thing.
template <class T>
[[noreturn]] __attribute__((cold, noinline)) void refuse_not_finite(std::string_view what, std::string_view name,
                                                                    const T* values, std::int64_t count) {
  std::int64_t at = 0;
  while (at + 1 < count && is_finite(values[at])) ++at;
  const std::string found =
      joined({text_of_not_finite(static_cast<double>(values[at])), " at position ", std::to_string(at)});
  throw numeric_error(joined({what, " is not finite: ", found}), std::string(name), "finite numbers", found);
}

/// The same for the gradient of the parameter `name`.
template <class T>
[[noreturn]] __attribute__((cold, noinline)) void refuse_gradient(std::string_view name, const T* values,
                                                                  std::int64_t count) {
  refuse_not_finite(joined({"the gradient of \"", name, "\""}), name, values, count);
}

/// Whether all of `count` floats are finite: a loop over their bits, which compilers make short.
inline bool all_finite(const float* values, std::int64_t count) {
  constexpr std::uint32_t exponent = 0x7f800000;
  std::uint32_t greatest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(values[i]) & exponent;
    greatest = bits > greatest ? bits : greatest;
  }
  return greatest != exponent;
}

}  // namespace v0
}  // namespace tenon
