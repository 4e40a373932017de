// SPDX-License-Identifier: Apache-2.0
// Element by element: activations, PReLU, additions and products.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "tenon/backends/reference/activations.hpp"
#include "tenon/backends/reference/tensor.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

// Every kernel here reads an element before it writes that element alone, so that the result may overwrite an operand.

/// Applies a fused activation in place to a range of elements; `slope` is attributes.slope.
template <class T, class Elements>
void apply(activation fused, Elements&& of, double slope = 0) {
  if (fused == activation::none) return;
  for (T& each : of) each = activated(fused, each, static_cast<T>(slope));
}

/// x -> y = attributes.fused of x
template <class T>
void activate(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const T* x = operands[0].as<const T>();
  std::transform(x, x + operands[0].extents.elements(), results[0].as<T>(),
                 [&](T each) { return activated(attribute.fused, each, static_cast<T>(attribute.slope)); });
}

/// y, dy -> dx, y the output of the activation, but of a hard swish the input
template <class T>
void activation_gradient(const attributes& attribute, std::span<const operand> operands,
                         std::span<const operand> results) {
  const T* y = operands[0].as<const T>();
  std::transform(y, y + operands[0].extents.elements(),
                 operand_at<role::output_gradient, operation::activation_gradient>(operands).as<const T>(),
                 results[0].as<T>(),
                 [&](T each, T dy) { return passed_back(attribute.fused, each, dy, static_cast<T>(attribute.slope)); });
}

/// The factor of a channel where a parameter has one for each, or one for all.
template <class T>
T& of_channel(const operand& parameter, std::int32_t channel) {
  return parameter.as<T>()[parameter.extents.elements() == 1 ? 0 : channel];
}

/// x, slope -> y = x > 0 ? x : slope x
template <class T>
void prelu(std::span<const operand> operands, std::span<const operand> results) {
  const operand& slopes = operand_at<role::slope, operation::prelu>(operands);
  for_each_plane(operands[0].extents, [&](std::int32_t image, std::int32_t channel) {
    const T slope = of_channel<T>(slopes, channel);
    const std::span<const T> x = plane<const T>(operands[0], image, channel);
    std::transform(x.begin(), x.end(), plane<T>(results[0], image, channel).begin(),
                   [slope](T each) { return each > T{0} ? each : slope * each; });
  });
}

/// x, dy, slope -> dx, dslope; dx may overwrite x or dy
template <class T>
void prelu_gradient(std::span<const operand> operands, std::span<const operand> results) {
  const operand &x = operands[0], &dy = operand_at<role::output_gradient, operation::prelu_gradient>(operands),
                &slope = operand_at<role::slope, operation::prelu_gradient>(operands),
                &dslope = result_at<role::slope_gradient, operation::prelu_gradient>(results);
  std::vector<double> sums(static_cast<std::size_t>(slope.extents.elements()));
  const operand sum{reinterpret_cast<std::byte*>(sums.data()), slope.extents};
  for_each_plane(x.extents, [&](std::int32_t image, std::int32_t channel) {
    const std::span<const T> from = plane<const T>(x, image, channel), arriving = plane<const T>(dy, image, channel);
    const std::span<T> to = plane<T>(results[0], image, channel);
    const T factor = of_channel<T>(slope, channel);
    double& total = of_channel<double>(sum, channel);
    std::transform(from.begin(), from.end(), arriving.begin(), to.begin(), [&](T each, T gradient) {
      if (each > T{0}) return gradient;
      total += static_cast<double>(each * gradient);
      return factor * gradient;
    });
  });
  std::transform(sums.begin(), sums.end(), dslope.as<T>(), [](double each) { return static_cast<T>(each); });
}

/// a, b -> a + b
template <class T>
void add(std::span<const operand> operands, std::span<const operand> results) {
  const std::span<const T> a = elements<const T>(operands.front());
  std::transform(a.begin(), a.end(), operands.back().as<const T>(), results[0].as<T>(), std::plus<T>());
}

/// a, b -> a * b; b of a's shape, or of one pixel an image. The result may overwrite a, and b of its shape.
template <class T>
void multiply(std::span<const operand> operands, std::span<const operand> results) {
  const operand& factors = operand_at<role::factor, operation::multiply>(operands);
  if (factors.extents == operands[0].extents) {
    const std::span<const T> a = elements<const T>(operands[0]);
    std::transform(a.begin(), a.end(), factors.as<const T>(), results[0].as<T>(), std::multiplies<T>());
    return;
  }
  for_each_plane(operands[0].extents, [&](std::int32_t image, std::int32_t channel) {
    const T factor = factors.as<const T>()[image * operands[0].extents.channels() + channel];
    const std::span<const T> a = plane<const T>(operands[0], image, channel);
    std::transform(a.begin(), a.end(), plane<T>(results[0], image, channel).begin(),
                   [factor](T each) { return factor * each; });
  });
}

/// a, dy -> db, for b of one pixel an image
template <class T>
void multiply_gradient(std::span<const operand> operands, std::span<const operand> results) {
  for_each_plane(operands[0].extents, [&](std::int32_t image, std::int32_t channel) {
    const std::span<const T> a = plane<const T>(operands[0], image, channel),
                             dy = plane<const T>(
                                 operand_at<role::output_gradient, operation::multiply_gradient>(operands), image,
                                 channel);
    results[0].as<T>()[image * operands[0].extents.channels() + channel] =
        static_cast<T>(sum_of(a.size(), [&](std::size_t i) { return a[i] * dy[i]; }));
  });
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
