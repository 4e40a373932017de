// SPDX-License-Identifier: Apache-2.0
// Max pooling and its gradient.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "tenon/backends/operand.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// For every pooling window of a plane calls `function(position, pixel)` with the pixel that is chosen: the first
/// greatest in row-major order inside the image, or a NaN if there is one, as PyTorch chooses; -1 if the window lies
/// in the padding altogether.
template <class T, class Function>
void for_each_maximum(const attributes& attribute, const shape& image, const shape& grid, const T* pixels,
                      const Function& function) {
  const auto place_of = [&](std::size_t dimension, std::int64_t position, std::int64_t tap) {
    return position * attribute.stride[dimension] - attribute.padding_begin[dimension] +
           tap * attribute.dilation[dimension];
  };
  const std::int64_t depth = image.spatial(0), height = image.spatial(1), width = image.spatial(2);
  std::int64_t position = 0;
  for (std::int64_t gd = 0; gd < grid.spatial(0); ++gd)
    for (std::int64_t gh = 0; gh < grid.spatial(1); ++gh)
      for (std::int64_t gw = 0; gw < grid.spatial(2); ++gw) {
        std::int64_t chosen = -1;
        for (std::int64_t kd = 0; kd < attribute.kernel[0]; ++kd)
          for (std::int64_t kh = 0; kh < attribute.kernel[1]; ++kh)
            for (std::int64_t kw = 0; kw < attribute.kernel[2]; ++kw) {
              const std::int64_t d = place_of(0, gd, kd), h = place_of(1, gh, kh), w = place_of(2, gw, kw);
              if (d < 0 || d >= depth || h < 0 || h >= height || w < 0 || w >= width) continue;
              const std::int64_t pixel = (d * height + h) * width + w;
              const bool is_nan = pixels[pixel] != pixels[pixel];
              if (chosen < 0 || pixels[pixel] > pixels[chosen] || is_nan) chosen = pixel;
            }
        function(position++, chosen);
      }
}

/// x -> y
template <class T>
void max_pool(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const operand &x = operands[0], &y = results[0];
  const T* from = x.as<const T>();
  T* to = y.as<T>();
  for (std::int64_t plane = 0; plane < std::int64_t{x.extents.batch()} * x.extents.channels(); ++plane) {
    for_each_maximum(attribute, x.extents, y.extents, from, [&](std::int64_t position, std::int64_t pixel) {
      to[position] = pixel < 0 ? -std::numeric_limits<T>::infinity() : from[pixel];
    });
    from += x.extents.spatial_elements();
    to += y.extents.spatial_elements();
  }
}

/// x, dy -> dx
template <class T>
void max_pool_gradient(const attributes& attribute, std::span<const operand> operands,
                       std::span<const operand> results) {
  const operand &x = operands[0], &dy = operand_at<role::output_gradient, operation::max_pool_gradient>(operands),
                &dx = results[0];
  const T *from = x.as<const T>(), *arriving = dy.as<const T>();
  T* to = dx.as<T>();
  std::fill_n(to, dx.extents.elements(), T{0});
  for (std::int64_t plane = 0; plane < std::int64_t{x.extents.batch()} * x.extents.channels(); ++plane) {
    for_each_maximum(attribute, x.extents, dy.extents, from, [&](std::int64_t position, std::int64_t pixel) {
      if (pixel >= 0) to[pixel] += arriving[position];
    });
    from += x.extents.spatial_elements();
    to += x.extents.spatial_elements();
    arriving += dy.extents.spatial_elements();
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
