// SPDX-License-Identifier: Apache-2.0
// Whether numbers are finite, and the error where they have to be and are not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/core/error.hpp"
#include "tenon/core/finite.hpp"
#include "tenon/graph/graph.hpp"

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

/// The name of the parameter whose gradient is operand i of a node that reads many.
inline std::string_view parameter_name_of(const graph_view& graph, const node& of, std::size_t i) {
  const std::int32_t gradient = graph.operand(of, static_cast<int>(i));
  for (const node& each : graph.nodes) {
    if (is_update(each.op) && graph.operand(each, role::parameter_gradient) == gradient) return graph.text(each.scope);
  }
  return graph.text(of.scope);
}

/// Whether all of `count` floats are finite, told by their bits; four at a time, which every processor can.
inline bool all_finite(const float* values, std::int64_t count) {
  typedef std::int32_t four_bits __attribute__((vector_size(16), aligned(4), may_alias));
  constexpr std::int32_t exponent = 0x7f800000;
  four_bits found = {};
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) found |= (*reinterpret_cast<const four_bits*>(values + i) & exponent) == exponent;
  bool finite = (found[0] | found[1] | found[2] | found[3]) == 0;
  for (; i < count; ++i) finite = finite && is_finite(values[i]);
  return finite;
}

}  // namespace v0
}  // namespace tenon
