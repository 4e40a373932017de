// SPDX-License-Identifier: Apache-2.0
// Group norm by each image's statistics and by given ones, and its gradient.
#pragma once

#include <vector>

#include "tenon/backends/reference/norm.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// The parameters of a group norm; without scale and shift they are 1 and 0.
template <class T>
struct group_norm_parameters {
  const T* scale = nullptr;
  const T* shift = nullptr;
  const T* mean = nullptr;      ///< N x groups
  const T* variance = nullptr;  ///< N x groups
  std::int32_t groups, channels_of_group;
  double epsilon;

  /// Of a node that makes the statistics: where they are written.
  group_norm_parameters(operation op, const attributes& attribute, std::span<const operand> operands, const T* means,
                        const T* variances)
      : scale(data_of<const T>(op, attribute, operands.data(), role::scale)),
        shift(data_of<const T>(op, attribute, operands.data(), role::shift)),
        mean(means),
        variance(variances),
        groups(attribute.groups),
        channels_of_group(operands[0].extents.channels() / attribute.groups),
        epsilon(attribute.epsilon) {}
  /// Of a node that reads them.
  group_norm_parameters(operation op, const attributes& attribute, std::span<const operand> operands)
      : group_norm_parameters(op, attribute, operands, data_of<const T>(op, attribute, operands.data(), role::mean),
                              data_of<const T>(op, attribute, operands.data(), role::variance)) {}

  channel_norm<T> of_channel(std::int32_t image, std::int32_t channel) const {
    const std::int32_t group = image * groups + channel / channels_of_group;
    return {scale == nullptr ? T{1} : scale[channel], shift == nullptr ? T{0} : shift[channel], mean[group],
            variance[group], epsilon};
  }
};

/// x, [scale, shift], [residual] -> y, mean, variance (biased) of each image's groups; then the fused activation
template <class T>
void group_norm(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const operand &x = operands[0], &means = result_at<role::mean, operation::group_norm>(results),
                &variances = result_at<role::variance, operation::group_norm>(results);
  const group_norm_parameters<T> parameters(operation::group_norm, attribute, operands, means.as<const T>(),
                                            variances.as<const T>());
  const auto count = static_cast<double>(parameters.channels_of_group * x.extents.spatial_elements());
  for (std::int32_t image = 0; image < x.extents.batch(); ++image)
    for (std::int32_t group = 0; group < parameters.groups; ++group) {
      const std::int32_t first = group * parameters.channels_of_group, last = first + parameters.channels_of_group;
      double sum = 0, squares = 0;
      for (std::int32_t channel = first; channel < last; ++channel) sum += sum_of(plane<const T>(x, image, channel));
      const double mean = sum / count;
      for (std::int32_t channel = first; channel < last; ++channel)
        squares += sum_of_squares(plane<const T>(x, image, channel), static_cast<T>(mean));
      means.as<T>()[image * parameters.groups + group] = static_cast<T>(mean);
      variances.as<T>()[image * parameters.groups + group] = static_cast<T>(squares / count);
    }
  for_each_plane(x.extents, [&](std::int32_t image, std::int32_t channel) {
    normalize_plane(attribute, parameters.of_channel(image, channel), x,
                    residual_of(operation::group_norm, attribute, operands), results[0], image, channel);
  });
}

/// x, [scale, shift], mean, variance, [residual] -> y; then the fused activation
template <class T>
void group_norm_given(const attributes& attribute, std::span<const operand> operands,
                      std::span<const operand> results) {
  const operand& x = operands[0];
  const group_norm_parameters<T> parameters(operation::group_norm_given, attribute, operands);
  for_each_plane(x.extents, [&](std::int32_t image, std::int32_t channel) {
    normalize_plane(attribute, parameters.of_channel(image, channel), x,
                    residual_of(operation::group_norm_given, attribute, operands), results[0], image, channel);
  });
}

/// x, dy, [scale, shift], mean, variance -> dx, [dscale, dshift]; dx may overwrite x or dy
template <class T>
void group_norm_gradient(const attributes& attribute, std::span<const operand> operands,
                         std::span<const operand> results) {
  const operand &x = operands[0], &dy = operand_at<role::output_gradient, operation::group_norm_gradient>(operands);
  const group_norm_parameters<T> parameters(operation::group_norm_gradient, attribute, operands);
  const auto count = static_cast<double>(parameters.channels_of_group * x.extents.spatial_elements());
  std::vector<plane_sums> of_channels(static_cast<std::size_t>(x.extents.channels()));
  for (std::int32_t image = 0; image < x.extents.batch(); ++image)
    for (std::int32_t group = 0; group < parameters.groups; ++group) {
      const std::int32_t first = group * parameters.channels_of_group, last = first + parameters.channels_of_group;
      plane_sums of_group;
      for (std::int32_t channel = first; channel < last; ++channel) {
        const auto norm = parameters.of_channel(image, channel);
        const plane_sums sums = sum_plane(attribute, norm, x, dy, image, channel);
        plane_sums& of_channel = of_channels[static_cast<std::size_t>(channel)];
        of_channel.unweighted += sums.unweighted;
        of_channel.weighted += sums.weighted;
        of_group.unweighted += static_cast<double>(norm.scale) * sums.unweighted;
        of_group.weighted += static_cast<double>(norm.scale) * sums.weighted;
      }
      for (std::int32_t channel = first; channel < last; ++channel)
        differentiate_plane(attribute, parameters.of_channel(image, channel), of_group.unweighted / count,
                            of_group.weighted / count, x, dy, results[0], image, channel);
    }
  if (!attribute.has_scale) return;
  for (std::size_t channel = 0; channel < of_channels.size(); ++channel) {
    result_at<role::scale_gradient, operation::group_norm_gradient>(results).as<T>()[channel] =
        static_cast<T>(of_channels[channel].weighted);
    result_at<role::shift_gradient, operation::group_norm_gradient>(results).as<T>()[channel] =
        static_cast<T>(of_channels[channel].unweighted);
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
