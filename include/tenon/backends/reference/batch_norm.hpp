// SPDX-License-Identifier: Apache-2.0
// Batch norm by given statistics and by the batch's, and the gradients of both.
#pragma once

#include "tenon/backends/reference/norm.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// `parameters` is scale, shift, mean, variance.
template <class T>
channel_norm<T> norm_of_channel(std::span<const operand> parameters, double epsilon, std::int32_t channel) {
  return {parameters[0].as<T>()[channel], parameters[1].as<T>()[channel], parameters[2].as<T>()[channel],
          parameters[3].as<T>()[channel], epsilon};
}

/// x, its norm's parameters (scale, shift, mean, variance), a residual or nullptr -> y; y may overwrite x or the
/// residual
template <class T>
void normalize(const attributes& attribute, const operand& x, std::span<const operand> parameters,
               const operand* residual, const operand& y) {
  for_each_plane(x.extents, [&](std::int32_t image, std::int32_t channel) {
    const auto norm = norm_of_channel<T>(parameters, attribute.epsilon, channel);
    normalize_plane(attribute, norm, x, residual, y, image, channel);
  });
}

/// x, scale, shift, mean, variance, [residual] -> y; then the fused activation
template <class T>
void batch_norm(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const operand parameters[] = {operand_at<role::scale, operation::batch_norm>(operands),
                                operand_at<role::shift, operation::batch_norm>(operands),
                                operand_at<role::mean, operation::batch_norm>(operands),
                                operand_at<role::variance, operation::batch_norm>(operands)};
  normalize<T>(attribute, operands[0], parameters, residual_of(operation::batch_norm, attribute, operands), results[0]);
}

/// x, scale, shift, [residual] -> y, mean, variance (biased) of the batch; then the fused activation
template <class T>
void batch_norm_training(const attributes& attribute, std::span<const operand> operands,
                         std::span<const operand> results) {
  const operand &x = operands[0], &means = result_at<role::mean, operation::batch_norm_training>(results),
                &variances = result_at<role::variance, operation::batch_norm_training>(results);
  const auto count = static_cast<double>(x.extents.batch() * x.extents.spatial_elements());
  for (std::int32_t channel = 0; channel < x.extents.channels(); ++channel) {
    double sum = 0, squares = 0;
    for (std::int32_t image = 0; image < x.extents.batch(); ++image) sum += sum_of(plane<const T>(x, image, channel));
    const double mean = sum / count;
    for (std::int32_t image = 0; image < x.extents.batch(); ++image)
      squares += sum_of_squares(plane<const T>(x, image, channel), static_cast<T>(mean));
    means.as<T>()[channel] = static_cast<T>(mean);
    variances.as<T>()[channel] = static_cast<T>(squares / count);
  }
  const operand parameters[] = {operand_at<role::scale, operation::batch_norm_training>(operands),
                                operand_at<role::shift, operation::batch_norm_training>(operands), means, variances};
  normalize<T>(attribute, x, parameters, residual_of(operation::batch_norm_training, attribute, operands), results[0]);
}

/// x, dy, scale, shift, mean, variance -> dx, [dscale, dshift]; dx may overwrite x or dy. By `Op` the
/// statistics are constants, or the batch's, and then the gradient goes through them.
template <operation Op, class T>
void norm_gradient(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const operand &x = operands[0], &dy = operand_at<role::output_gradient, Op>(operands);
  const operand parameters[] = {operand_at<role::scale, Op>(operands), operand_at<role::shift, Op>(operands),
                                operand_at<role::mean, Op>(operands), operand_at<role::variance, Op>(operands)};
  const auto count = static_cast<double>(x.extents.batch() * x.extents.spatial_elements());
  for (std::int32_t channel = 0; channel < x.extents.channels(); ++channel) {
    const auto norm = norm_of_channel<T>(parameters, attribute.epsilon, channel);
    double dshift = 0, dscale = 0;
    for (std::int32_t image = 0; image < x.extents.batch(); ++image) {
      const plane_sums sums = sum_plane(attribute, norm, x, dy, image, channel);
      dshift += sums.unweighted;
      dscale += sums.weighted;
    }
    if (results.size() > 1) {
      result_at<role::scale_gradient, Op>(results).template as<T>()[channel] = static_cast<T>(dscale);
      result_at<role::shift_gradient, Op>(results).template as<T>()[channel] = static_cast<T>(dshift);
    }
    const double share = Op == operation::batch_norm_frozen_gradient ? 0 : static_cast<double>(norm.scale) / count;
    for (std::int32_t image = 0; image < x.extents.batch(); ++image)
      differentiate_plane(attribute, norm, dshift * share, dscale * share, x, dy, results[0], image, channel);
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
