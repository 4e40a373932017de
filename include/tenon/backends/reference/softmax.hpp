// SPDX-License-Identifier: Apache-2.0
// Softmax over the channels of each pixel, and its gradient.
#pragma once

#include "tenon/backends/reference/losses.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// Calls `function(i)` with the first element of every pixel; a pixel's channels lie spatial_elements() apart.
template <class Function>
void for_each_pixel(const shape& extents, const Function& function) {
  const std::int64_t size = extents.spatial_elements();
  for (std::int64_t image = 0; image < extents.batch(); ++image)
    for (std::int64_t pixel = 0; pixel < size; ++pixel) function(image * extents.channels() * size + pixel);
}

/// x -> y; y may overwrite x
template <class T>
void softmax(std::span<const operand> operands, std::span<const operand> results) {
  const shape& extents = operands[0].extents;
  const T* x = operands[0].as<const T>();
  T* y = results[0].as<T>();
  const std::int64_t stride = extents.spatial_elements();
  for_each_pixel(extents, [&](std::int64_t first) {
    const double total = log_sum_exp(x + first, stride, extents.channels());
    for (std::int32_t c = 0; c < extents.channels(); ++c) {
      const std::int64_t i = first + c * stride;
      y[i] = static_cast<T>(std::exp(static_cast<double>(x[i]) - total));
    }
  });
}

/// y, dy -> dx, y the result of the softmax; dx may overwrite either
template <class T>
void softmax_gradient(std::span<const operand> operands, std::span<const operand> results) {
  const shape& extents = operands[0].extents;
  const T *y = operands[0].as<const T>(),
          *dy = operand_at<role::output_gradient, operation::softmax_gradient>(operands).as<const T>();
  T* dx = results[0].as<T>();
  const std::int64_t stride = extents.spatial_elements();
  for_each_pixel(extents, [&](std::int64_t first) {
    T mean{0};  // of dy, each channel with its share y
    for (std::int32_t c = 0; c < extents.channels(); ++c) mean += y[first + c * stride] * dy[first + c * stride];
    for (std::int32_t c = 0; c < extents.channels(); ++c) {
      const std::int64_t i = first + c * stride;
      dx[i] = y[i] * (dy[i] - mean);
    }
  });
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
