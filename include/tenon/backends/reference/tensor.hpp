// SPDX-License-Identifier: Apache-2.0
// Operands seen as consecutive elements: all of them, or a channel's plane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tenon/backends/operand.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// All elements of an operand.
template <class T>
std::span<T> elements(const operand& of) {
  return {of.as<T>(), static_cast<std::size_t>(of.extents.elements())};
}

/// The elements of one channel of one image of an activation, [D,] H, W.
template <class T>
std::span<T> plane(const operand& of, std::int32_t image, std::int32_t channel) {
  const std::int64_t size = of.extents.spatial_elements();
  return {of.as<T>() + (std::int64_t{image} * of.extents.channels() + channel) * size, static_cast<std::size_t>(size)};
}

/// The sum of `function(i)` for i = 0, 1, ... count - 1, in double.
template <class Function>
double sum_of(std::size_t count, const Function& function) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(function(i));
  return sum;
}

/// The sum of the elements, in double.
template <class T>
double sum_of(std::span<const T> of) {
  return sum_of(of.size(), [of](std::size_t i) { return of[i]; });
}

/// The sum of the squares of their differences from `mean`, in double.
template <class T>
double sum_of_squares(std::span<const T> of, T mean) {
  return sum_of(of.size(), [of, mean](std::size_t i) { return (of[i] - mean) * (of[i] - mean); });
}

/// Calls `function(image, channel)` for every plane of an activation.
template <class Function>
void for_each_plane(const shape& extents, const Function& function) {
  for (std::int32_t image = 0; image < extents.batch(); ++image)
    for (std::int32_t channel = 0; channel < extents.channels(); ++channel) function(image, channel);
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
