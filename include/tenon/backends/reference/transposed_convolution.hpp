// SPDX-License-Identifier: Apache-2.0
// Transposed convolutions in PyTorch's convention, and their gradients.
#pragma once

#include "tenon/backends/reference/convolution.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

// The input is the grid of the sliding window and the result the image, whose extents include any output padding.

/// x, w (I, O/groups, k...), [b] -> y
template <class T>
void transposed_convolution(const attributes& attribute, std::span<const operand> operands,
                            std::span<const operand> results) {
  const operand &x = operands[0], &w = operand_at<role::weight, operation::transposed_convolution>(operands),
                &y = results[0];
  spread(window(attribute, y.extents, x.extents), x.as<const T>(), w.as<const T>(), y.as<T>());
  if (const operand* bias = find_operand(operation::transposed_convolution, attribute, operands.data(), role::bias)) {
    add_bias<T>(*bias, y);
  }
  apply<T>(attribute.fused, elements<T>(y), attribute.slope);
}

/// dy, w -> dx
template <class T>
void transposed_convolution_data_gradient(const attributes& attribute, std::span<const operand> operands,
                                          std::span<const operand> results) {
  const operand &dy = operands[0],
                &w = operand_at<role::weight, operation::transposed_convolution_data_gradient>(operands),
                &dx = results[0];
  correlate(window(attribute, dy.extents, dx.extents), dy.as<const T>(), w.as<const T>(), dx.as<T>());
}

/// x, dy -> dw, [db]
template <class T>
void transposed_convolution_weight_gradient(const attributes& attribute, std::span<const operand> operands,
                                            std::span<const operand> results) {
  const operand &x = operands[0],
                &dy = operand_at<role::output_gradient, operation::transposed_convolution_weight_gradient>(operands),
                &dw = results[0];
  correlate_weights(window(attribute, dy.extents, x.extents), dy.as<const T>(), x.as<const T>(), dw.as<T>());
  if (attribute.has_bias)
    bias_gradient<T>(dy, result_at<role::bias_gradient, operation::transposed_convolution_weight_gradient>(results));
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
