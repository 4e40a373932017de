// SPDX-License-Identifier: Apache-2.0
// What batch norms and group norms share: one channel's norm, with a residual and an activation after it.
#pragma once

#include <cmath>

#include "tenon/backends/reference/activations.hpp"
#include "tenon/backends/reference/tensor.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// The norm of one channel (of one image): y = scale * normalized(x) + shift. One spelling for every kernel, so that
/// the mask of a fused activation comes out in the gradient as it was in the forward pass.
template <class T>
struct channel_norm {
  T scale, shift, mean, inverse_deviation;

  channel_norm(T scale_given, T shift_given, T mean_given, T variance, double epsilon)
      : scale(scale_given),
        shift(shift_given),
        mean(mean_given),
        inverse_deviation(T{1} / std::sqrt(variance + static_cast<T>(epsilon))) {}

  T normalized(T x) const { return (x - mean) * inverse_deviation; }
  T operator()(T x) const { return scale * normalized(x) + shift; }
};

/// The operand that is added before the activation, or nullptr.
inline const operand* residual_of(operation op, const attributes& attribute, std::span<const operand> operands) {
  return find_operand(op, attribute, operands.data(), role::residual);
}

/// One channel of one image: norm, residual, activation. y may overwrite x or the residual.
template <class T>
void normalize_plane(const attributes& attribute, const channel_norm<T>& norm, const operand& x,
                     const operand* residual, const operand& y, std::int32_t image, std::int32_t channel) {
  const std::span<const T> from = plane<const T>(x, image, channel);
  const std::span<T> to = plane<T>(y, image, channel);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const T added = residual == nullptr ? T{0} : plane<const T>(*residual, image, channel)[i];
    to[i] = activated(attribute.fused, norm(from[i]) + added, static_cast<T>(attribute.slope));
  }
}

/// The gradient before the activation.
template <class T>
T passing(const attributes& attribute, const channel_norm<T>& norm, T x, T dy) {
  return passed_back_at(attribute.fused, norm(x), dy, static_cast<T>(attribute.slope));
}

/// Sums over one channel of one image: of the gradient before the activation, and of that times normalized(x).
struct plane_sums {
  double unweighted = 0, weighted = 0;
};

template <class T>
plane_sums sum_plane(const attributes& attribute, const channel_norm<T>& norm, const operand& x, const operand& dy,
                     std::int32_t image, std::int32_t channel) {
  const std::span<const T> from = plane<const T>(x, image, channel), arriving = plane<const T>(dy, image, channel);
  plane_sums sums;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto gradient = static_cast<double>(passing(attribute, norm, from[i], arriving[i]));
    sums.unweighted += gradient;
    sums.weighted += gradient * static_cast<double>(norm.normalized(from[i]));
  }
  return sums;
}

/// One channel of one image of dx = (scale * dz - unweighted - normalized(x) * weighted) / deviation, dz the gradient
/// before the activation. dx may overwrite x or dy.
template <class T>
void differentiate_plane(const attributes& attribute, const channel_norm<T>& norm, double unweighted, double weighted,
                         const operand& x, const operand& dy, const operand& dx, std::int32_t image,
                         std::int32_t channel) {
  const std::span<const T> from = plane<const T>(x, image, channel), arriving = plane<const T>(dy, image, channel);
  const std::span<T> to = plane<T>(dx, image, channel);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const T gradient = passing(attribute, norm, from[i], arriving[i]);
    to[i] = norm.inverse_deviation *
            (norm.scale * gradient - static_cast<T>(unweighted) - norm.normalized(from[i]) * static_cast<T>(weighted));
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
