// SPDX-License-Identifier: Apache-2.0
// Resizing, nearest and linear, and its gradient.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tenon/backends/operand.hpp"
#include "tenon/core/compiler.hpp"
#include "tenon/core/interpolation.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// What a result's coordinate reads along one dimension: (1 - share) * x[first] + share * x[second].
struct resize_source {
  std::int64_t first, second;
  double share;
};

/// The source of coordinate `position` of `to` from an extent of `from`, in PyTorch's conventions and its float
/// arithmetic.
template <class T>
resize_source source_of(interpolation mode, std::int64_t position, std::int64_t from, std::int64_t to) {
  if (mode == interpolation::nearest) {
    const std::int64_t source = nearest_source<T>(position, from, to);
    return {source, source, 0};
  }
  const double source = static_cast<double>(mode == interpolation::linear ? half_pixel_source<T>(position, from, to)
                                                                          : aligned_source<T>(position, from, to));
  const std::int64_t first = std::min(static_cast<std::int64_t>(source), from - 1);
  return {first, std::min(first + 1, from - 1), source - static_cast<double>(first)};
}

/// Calls `function(x element, y element, weight)` for every term of every element of a plane of the result.
template <class T, class Function>
void for_each_term(interpolation mode, const shape& x, const shape& y, const Function& function) {
  const std::int64_t height = x.spatial(1), width = x.spatial(2);
  // One source and no weight of the other is told apart, for else every 2-D resize would cost twice its work.
  const auto each = [](const resize_source& source, const auto& call) {
    if (source.share != 1) call(source.first, 1 - source.share);
    if (source.share != 0) call(source.second, source.share);
  };
  std::int64_t element = 0;
  for (std::int64_t yd = 0; yd < y.spatial(0); ++yd)
    for (std::int64_t yh = 0; yh < y.spatial(1); ++yh)
      for (std::int64_t yw = 0; yw < y.spatial(2); ++yw, ++element)
        each(source_of<T>(mode, yd, x.spatial(0), y.spatial(0)), [&](std::int64_t d, double depth_weight) {
          each(source_of<T>(mode, yh, height, y.spatial(1)), [&](std::int64_t h, double height_weight) {
            each(source_of<T>(mode, yw, width, y.spatial(2)), [&](std::int64_t w, double width_weight) {
              function((d * height + h) * width + w, element, depth_weight * height_weight * width_weight);
            });
          });
        });
}

/// x -> y of the result's size
template <class T>
void resize(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const shape &from = operands[0].extents, &to = results[0].extents;
  const T* x = operands[0].as<const T>();
  T* y = results[0].as<T>();
  std::fill_n(y, to.elements(), T{0});
  for (std::int64_t plane = 0; plane < std::int64_t{to.batch()} * to.channels(); ++plane) {
    for_each_term<T>(attribute.interpolation, from, to, [&](std::int64_t read, std::int64_t written, double weight) {
      y[written] += static_cast<T>(weight) * x[read];
    });
    x += from.spatial_elements();
    y += to.spatial_elements();
  }
}

/// dy -> dx
template <class T>
void resize_gradient(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const shape &from = operands[0].extents, &to = results[0].extents;
  const T* dy = operands[0].as<const T>();
  T* dx = results[0].as<T>();
  std::fill_n(dx, to.elements(), T{0});
  for (std::int64_t plane = 0; plane < std::int64_t{to.batch()} * to.channels(); ++plane) {
    for_each_term<T>(attribute.interpolation, to, from, [&](std::int64_t written, std::int64_t read, double weight) {
      dx[written] += static_cast<T>(weight) * dy[read];
    });
    dy += from.spatial_elements();
    dx += to.spatial_elements();
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
