// SPDX-License-Identifier: Apache-2.0
// Batch norm by given statistics and by the batch's, and the gradients of both.
#pragma once

#include <cmath>

#include "tenon/backends/reference/pointwise.hpp"
#include "tenon/backends/reference/tensor.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// One channel's norm: y = scale * normalized(x) + shift. One spelling for every kernel, so that the mask of a fused
/// ReLU comes out in the gradient as it was in the forward pass.
template <class T>
struct channel_norm {
  T scale, shift, mean, inverse_deviation;

  /// `parameters` is scale, shift, mean, variance.
  channel_norm(std::span<const operand> parameters, double epsilon, std::int32_t channel)
      : scale(parameters[0].as<T>()[channel]),
        shift(parameters[1].as<T>()[channel]),
        mean(parameters[2].as<T>()[channel]),
        inverse_deviation(T{1} / std::sqrt(parameters[3].as<T>()[channel] + static_cast<T>(epsilon))) {}

  template <class Elements>
  auto normalized(const Elements& x) const {
    return (x - mean) * inverse_deviation;
  }
  template <class Elements>
  auto operator()(const Elements& x) const {
    return scale * normalized(x) + shift;
  }
};

/// x and its norm's parameters (scale, shift, mean, variance) -> y; y may overwrite x
template <class T>
void normalize(const attributes& attribute, const operand& x, std::span<const operand> parameters, const operand& y) {
  for_each_plane(x.extents, [&](std::int32_t image, std::int32_t channel) {
    const channel_norm<T> norm(parameters, attribute.epsilon, channel);
    auto to = plane<T>(y, image, channel);
    xt::noalias(to) = norm(plane<T>(x, image, channel));
    apply<T>(attribute.fused, to);
  });
}

/// x, scale, shift, mean, variance -> y
template <class T>
void batch_norm(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  normalize<T>(attribute, operands[0], operands.subspan(1, 4), results[0]);
}

/// x, scale, shift -> y, mean, variance (biased) of the batch
template <class T>
void batch_norm_training(const attributes& attribute, std::span<const operand> operands,
                         std::span<const operand> results) {
  const operand& x = operands[0];
  const auto count = static_cast<double>(x.extents.batch() * x.extents.spatial_elements());
  for (std::int32_t channel = 0; channel < x.extents.channels(); ++channel) {
    double sum = 0, squares = 0;
    for (std::int32_t image = 0; image < x.extents.batch(); ++image)
      sum += xt::sum<double>(plane<T>(x, image, channel))();
    const double mean = sum / count;
    for (std::int32_t image = 0; image < x.extents.batch(); ++image)
      squares += xt::sum<double>(xt::square(plane<T>(x, image, channel) - mean))();
    results[1].as<T>()[channel] = static_cast<T>(mean);
    results[2].as<T>()[channel] = static_cast<T>(squares / count);
  }
  const operand parameters[] = {operands[1], operands[2], results[1], results[2]};
  normalize<T>(attribute, x, parameters, results[0]);
}

/// x, dy, scale, shift, mean, variance -> dx, dscale, dshift; dx may overwrite x or dy. `Frozen`: the statistics are
/// constants, else they are the batch's and the gradient goes through them.
template <bool Frozen, class T>
void norm_gradient(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const operand &x = operands[0], &dy = operands[1];
  const auto count = static_cast<double>(x.extents.batch() * x.extents.spatial_elements());
  const bool masked = attribute.fused == activation::relu;
  for (std::int32_t channel = 0; channel < x.extents.channels(); ++channel) {
    const channel_norm<T> norm(operands.subspan(2, 4), attribute.epsilon, channel);
    double dshift = 0, dscale = 0;
    for (std::int32_t image = 0; image < x.extents.batch(); ++image) {
      const auto from = plane<T>(x, image, channel), arriving = plane<T>(dy, image, channel);
      const auto passing = xt::where(!masked || norm(from) > T{0}, arriving, T{0});
      dshift += xt::sum<double>(passing)();
      dscale += xt::sum<double>(passing * norm.normalized(from))();
    }
    results[1].as<T>()[channel] = static_cast<T>(dscale);
    results[2].as<T>()[channel] = static_cast<T>(dshift);
    const auto mean_dshift = static_cast<T>(Frozen ? 0 : dshift / count);
    const auto mean_dscale = static_cast<T>(Frozen ? 0 : dscale / count);
    for (std::int32_t image = 0; image < x.extents.batch(); ++image) {
      const auto from = plane<T>(x, image, channel), arriving = plane<T>(dy, image, channel);
      const auto passing = xt::where(!masked || norm(from) > T{0}, arriving, T{0});
      auto to = plane<T>(results[0], image, channel);
      xt::noalias(to) =
          norm.scale * norm.inverse_deviation * (passing - mean_dshift - norm.normalized(from) * mean_dscale);
    }
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
