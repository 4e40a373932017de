// SPDX-License-Identifier: Apache-2.0
// Convolutions in PyTorch's convention (no kernel is flipped), and their gradients.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include "tenon/backends/reference/pointwise.hpp"
#include "tenon/backends/reference/tensor.hpp"
#include "tenon/backends/reference/window.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// y + b, channel by channel
template <class T>
void add_bias(const operand& bias, const operand& y) {
  for_each_plane(y.extents, [&](std::int32_t image, std::int32_t channel) {
    for (T& pixel : plane<T>(y, image, channel)) pixel += bias.as<T>()[channel];
  });
}

/// dy -> db
template <class T>
void bias_gradient(const operand& dy, const operand& db) {
  for (std::int32_t channel = 0; channel < dy.extents.channels(); ++channel) {
    double sum = 0;
    for (std::int32_t image = 0; image < dy.extents.batch(); ++image) sum += sum_of(plane<const T>(dy, image, channel));
    db.as<T>()[channel] = static_cast<T>(sum);
  }
}

/// x, w (O, I/groups, k...), [b], [scale, shift, mean, variance], [residual] -> y
template <class T>
void convolution(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const operand &x = operands[0], &w = operand_at<role::weight, operation::convolution>(operands), &y = results[0];
  correlate(window(attribute, x.extents, y.extents), x.as<const T>(), w.as<const T>(), y.as<T>());
  if (const operand* bias = find_operand(operation::convolution, attribute, operands.data(), role::bias))
    add_bias<T>(*bias, y);
  if (attribute.folds_norm) {
    const auto of = [&](role wanted) {
      return data_of<const T>(operation::convolution, attribute, operands.data(), wanted);
    };
    const T *scales = of(role::scale), *shifts = of(role::shift), *means = of(role::mean),
            *variances = of(role::variance);
    for_each_plane(y.extents, [&](std::int32_t image, std::int32_t channel) {
      const T factor = scales[channel] / std::sqrt(variances[channel] + static_cast<T>(attribute.epsilon));
      for (T& pixel : plane<T>(y, image, channel)) pixel = (pixel - means[channel]) * factor + shifts[channel];
    });
  }
  if (const operand* residual = find_operand(operation::convolution, attribute, operands.data(), role::residual)) {
    const std::span<T> sum = elements<T>(y);
    std::transform(sum.begin(), sum.end(), residual->as<const T>(), sum.begin(), std::plus<T>());
  }
  apply<T>(attribute.fused, elements<T>(y), attribute.slope);
}

/// dy, w -> dx
template <class T>
void convolution_data_gradient(const attributes& attribute, std::span<const operand> operands,
                               std::span<const operand> results) {
  const operand &dy = operands[0], &w = operand_at<role::weight, operation::convolution_data_gradient>(operands),
                &dx = results[0];
  spread(window(attribute, dx.extents, dy.extents), dy.as<const T>(), w.as<const T>(), dx.as<T>());
}

/// x, dy -> dw, [db]
template <class T>
void convolution_weight_gradient(const attributes& attribute, std::span<const operand> operands,
                                 std::span<const operand> results) {
  const operand &x = operands[0],
                &dy = operand_at<role::output_gradient, operation::convolution_weight_gradient>(operands),
                &dw = results[0];
  correlate_weights(window(attribute, x.extents, dy.extents), x.as<const T>(), dy.as<const T>(), dw.as<T>());
  if (attribute.has_bias)
    bias_gradient<T>(dy, result_at<role::bias_gradient, operation::convolution_weight_gradient>(results));
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
