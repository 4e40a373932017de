// SPDX-License-Identifier: Apache-2.0
// Operands seen as arrays of Eigen: all elements, or a channel's plane.
#pragma once

#if !__has_include(<Eigen/Core>)
#  include "tenon/core/language.hpp"
#  error "Eigen was not found. Debian: apt-get install libeigen3-dev; by hand also -I/usr/include/eigen3"
#  include TENON_STOP
#endif

#include <Eigen/Core>
#include <cstdint>
#include <type_traits>

#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// `count` consecutive elements, with arithmetic element by element.
template <class T>
auto elements(T* data, std::int64_t count) {
  using array = Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1>;
  return Eigen::Map<std::conditional_t<std::is_const_v<T>, const array, array>>(data, count);
}

/// Their sum, in double.
template <class Expression>
double sum_of(const Expression& expression) {
  return expression.template cast<double>().sum();
}

/// All elements of an operand.
template <class T>
auto elements(const operand& of) {
  return elements(of.as<T>(), of.extents.elements());
}

/// The elements of one channel of one image of an activation, [D,] H, W.
template <class T>
auto plane(const operand& of, std::int32_t image, std::int32_t channel) {
  const std::int64_t size = of.extents.spatial_elements();
  return elements(of.as<T>() + (std::int64_t{image} * of.extents.channels() + channel) * size, size);
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
