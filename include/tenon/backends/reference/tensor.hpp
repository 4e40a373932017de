// SPDX-License-Identifier: Apache-2.0
// Operands seen as xtensor expressions and as channel planes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <xtensor/xadapt.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>

#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// `count` consecutive elements as a one-dimensional xtensor expression.
template <class T>
auto elements(T* data, std::int64_t count) {
  const std::array<std::size_t, 1> extents{static_cast<std::size_t>(count)};
  return xt::adapt(data, extents[0], xt::no_ownership(), extents);
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
