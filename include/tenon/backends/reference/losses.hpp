// SPDX-License-Identifier: Apache-2.0
// Losses and their gradients.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "tenon/backends/reference/activations.hpp"
#include "tenon/backends/reference/tensor.hpp"
#include "tenon/core/compiler.hpp"
#include "tenon/core/error.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// x, target -> loss = scale * mean((x - target)^2)
template <class T>
void mean_square(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const std::span<const T> x = elements<const T>(operands[0]),
                           target = elements<const T>(operand_at<role::expected, operation::mean_square>(operands));
  const double sum = sum_of(x.size(), [&](std::size_t i) { return (x[i] - target[i]) * (x[i] - target[i]); });
  *results[0].as<T>() = static_cast<T>(attribute.scale * sum / static_cast<double>(operands[0].extents.elements()));
}

/// x, target -> dx; dx may overwrite either
template <class T>
void mean_square_gradient(const attributes& attribute, std::span<const operand> operands,
                          std::span<const operand> results) {
  const std::span<const T> x = elements<const T>(operands[0]);
  const auto factor = static_cast<T>(2 * attribute.scale / static_cast<double>(operands[0].extents.elements()));
  std::transform(x.begin(), x.end(),
                 operand_at<role::expected, operation::mean_square_gradient>(operands).as<const T>(),
                 results[0].as<T>(), [factor](T each, T target) { return factor * (each - target); });
}

/// logits, target -> loss = scale * mean(max(x, 0) - x t + log(1 + e^-|x|))
template <class T>
void binary_cross_entropy(const attributes& attribute, std::span<const operand> operands,
                          std::span<const operand> results) {
  const T* targets = operand_at<role::expected, operation::binary_cross_entropy>(operands).as<const T>();
  const std::int64_t count = operands[0].extents.elements();
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto x = static_cast<double>(operands[0].as<const T>()[i]);
    const auto target = static_cast<double>(targets[i]);
    sum += std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x)));
  }
  *results[0].as<T>() = static_cast<T>(attribute.scale * sum / static_cast<double>(count));
}

/// logits, target -> dlogits = scale / count * (sigmoid(x) - t); dlogits may overwrite either
template <class T>
void binary_cross_entropy_gradient(const attributes& attribute, std::span<const operand> operands,
                                   std::span<const operand> results) {
  const T* x = operands[0].as<const T>();
  const std::int64_t count = operands[0].extents.elements();
  const auto factor = static_cast<T>(attribute.scale / static_cast<double>(count));
  std::transform(x, x + count,
                 operand_at<role::expected, operation::binary_cross_entropy_gradient>(operands).as<const T>(),
                 results[0].as<T>(),
                 [&](T logit, T target) { return factor * (activated(activation::sigmoid, logit, T{0}) - target); });
}

/// The weight of a class, 1 where the loss has none.
inline double class_weight(const graph_view& graph, const attributes& attribute, std::int32_t label) {
  if (attribute.class_weights.count == 0) return 1;
  return graph.reals[static_cast<std::size_t>(attribute.class_weights[label])];
}

/// Calls `function(first logit, label)` for every pixel whose label counts; the logits of a pixel lie
/// spatial_elements() apart.
/// throws: label_error for a label that is neither a class nor ignored.
template <class Function>
void for_each_label(const attributes& attribute, const operand& logits, const operand& labels,
                    const Function& function) {
  const std::int64_t size = logits.extents.spatial_elements(), classes = logits.extents.channels();
  const std::int32_t* label = labels.as<const std::int32_t>();
  for (std::int64_t image = 0; image < logits.extents.batch(); ++image)
    for (std::int64_t pixel = 0; pixel < size; ++pixel, ++label) {
      if (attribute.has_ignored && *label == attribute.ignored) continue;
      if (*label < 0 || *label >= classes)
        throw label_error("cross_entropy: a label is " + std::to_string(*label) + " where there are " +
                              std::to_string(classes) + " classes",
                          "labels", "0 to " + std::to_string(classes - 1), std::to_string(*label));
      function(image * classes * size + pixel, *label);
    }
}

/// The logarithm of the sum of the exponentials of a pixel's logits.
template <class T>
double log_sum_exp(const T* logits, std::int64_t stride, std::int32_t classes) {
  double greatest = static_cast<double>(logits[0]), sum = 0;
  for (std::int32_t c = 1; c < classes; ++c) greatest = std::max(greatest, static_cast<double>(logits[c * stride]));
  for (std::int32_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(logits[c * stride]) - greatest);
  return greatest + std::log(sum);
}

/// logits, labels -> loss, divisor. Where no label counts both are 0.
template <class T>
void cross_entropy(const graph_view& graph, const attributes& attribute, std::span<const operand> operands,
                   std::span<const operand> results) {
  const operand &logits = operands[0], &labels = operand_at<role::labels, operation::cross_entropy>(operands);
  const T* x = logits.as<const T>();
  const std::int64_t stride = logits.extents.spatial_elements();
  double sum = 0, divisor = 0;
  for_each_label(attribute, logits, labels, [&](std::int64_t first, std::int32_t label) {
    const double weight = class_weight(graph, attribute, label);
    const double logit = static_cast<double>(x[first + label * stride]);
    sum += weight * (log_sum_exp(x + first, stride, logits.extents.channels()) - logit);
    divisor += weight;
  });
  *results[0].as<T>() = static_cast<T>(divisor == 0 ? 0 : attribute.scale * sum / divisor);
  *result_at<role::divisor, operation::cross_entropy>(results).as<T>() = static_cast<T>(divisor);
}

/// logits, labels, divisor -> dlogits, 0 where the label is ignored, and everywhere where no label counts
template <class T>
void cross_entropy_gradient(const graph_view& graph, const attributes& attribute, std::span<const operand> operands,
                            std::span<const operand> results) {
  const operand &logits = operands[0], &labels = operand_at<role::labels, operation::cross_entropy_gradient>(operands);
  const T* x = logits.as<const T>();
  T* dx = results[0].as<T>();
  const std::int64_t stride = logits.extents.spatial_elements();
  const std::int32_t classes = logits.extents.channels();
  const double divisor =
      static_cast<double>(*operand_at<role::divisor, operation::cross_entropy_gradient>(operands).as<const T>());
  std::fill_n(dx, logits.extents.elements(), T{0});
  if (divisor == 0) return;
  for_each_label(attribute, logits, labels, [&](std::int64_t first, std::int32_t label) {
    const double factor = attribute.scale * class_weight(graph, attribute, label) / divisor;
    const double total = log_sum_exp(x + first, stride, classes);
    for (std::int32_t c = 0; c < classes; ++c) {
      const double probability = std::exp(static_cast<double>(x[first + c * stride]) - total);
      dx[first + c * stride] = static_cast<T>(factor * (probability - (c == label ? 1 : 0)));
    }
  });
}

/// losses ... -> their sum
template <class T>
void total_loss(std::span<const operand> operands, std::span<const operand> results) {
  T sum{0};
  for (const operand& loss : operands) sum += *loss.as<const T>();
  *results[0].as<T>() = sum;
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
