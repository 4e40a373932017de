// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy of logits that are resized while they are read, and its gradient.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "tenon/backends/reference/losses.hpp"
#include "tenon/backends/reference/resize.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// What a resized pixel is made of: elements of a plane, and their weights.
struct resized_pixel {
  std::array<std::int64_t, 4> element{};
  std::array<double, 4> weight{};
};

/// Calls `function(image, pixel, label)` for every label that counts, a pixel being of the logits' planes.
/// throws: label_error for a label that is neither a class nor ignored.
template <class T, class Function>
void for_each_resized_label(const attributes& attribute, const operand& logits, const operand& labels,
                            const Function& function) {
  const std::int64_t height = logits.extents.spatial(1), width = logits.extents.spatial(2);
  const std::int64_t rows = labels.extents[1], columns = labels.extents[2];
  // A plane of as many pixels as there are labels.
  operand resized = logits;
  resized.extents = shape(logits.extents.batch(), logits.extents.channels(), labels.extents[1], labels.extents[2]);
  const std::int64_t plane = rows * columns, classes = logits.extents.channels();
  for_each_label(attribute, resized, labels, [&](std::int64_t first, std::int32_t label) {
    const std::int64_t image = first / (classes * plane), y = first % plane / columns, x = first % columns;
    const resize_source h = source_of<T>(attribute.interpolation, y, height, rows);
    const resize_source w = source_of<T>(attribute.interpolation, x, width, columns);
    resized_pixel pixel;
    pixel.element = {h.first * width + w.first, h.first * width + w.second, h.second * width + w.first,
                     h.second * width + w.second};
    pixel.weight = {(1 - h.share) * (1 - w.share), (1 - h.share) * w.share, h.share * (1 - w.share), h.share * w.share};
    function(image, pixel, label);
  });
}

/// The logits of a pixel. What has no weight is not read, as in a resize.
template <class T>
void resize_pixel(const operand& logits, std::int64_t image, const resized_pixel& pixel, std::vector<T>& to) {
  const std::int64_t plane = logits.extents.spatial_elements();
  for (std::size_t c = 0; c < to.size(); ++c) {
    const T* const x =
        logits.as<const T>() + (image * logits.extents.channels() + static_cast<std::int64_t>(c)) * plane;
    to[c] = T{0};
    for (std::size_t i = 0; i < 4; ++i)
      if (pixel.weight[i] != 0) to[c] += static_cast<T>(pixel.weight[i]) * x[pixel.element[i]];
  }
}

/// logits, labels -> loss, divisor. Where no label counts both are 0.
template <class T>
void resized_cross_entropy(const graph_view& graph, const attributes& attribute, std::span<const operand> operands,
                           std::span<const operand> results) {
  const operand& logits = operands[0];
  const std::int32_t classes = logits.extents.channels();
  std::vector<T> x(static_cast<std::size_t>(classes));
  double sum = 0, divisor = 0;
  for_each_resized_label<T>(
      attribute, logits, operand_at<role::labels, operation::resized_cross_entropy>(operands),
      [&](std::int64_t image, const resized_pixel& pixel, std::int32_t label) {
        resize_pixel(logits, image, pixel, x);
        const double weight = class_weight(graph, attribute, label);
        sum += weight * (log_sum_exp(x.data(), 1, classes) - static_cast<double>(x[static_cast<std::size_t>(label)]));
        divisor += weight;
      });
  *results[0].as<T>() = static_cast<T>(divisor == 0 ? 0 : attribute.scale * sum / divisor);
  *result_at<role::divisor, operation::resized_cross_entropy>(results).as<T>() = static_cast<T>(divisor);
}

/// logits, labels, divisor -> dlogits, 0 where no label counts
template <class T>
void resized_cross_entropy_gradient(const graph_view& graph, const attributes& attribute,
                                    std::span<const operand> operands, std::span<const operand> results) {
  using enum operation;
  const operand& logits = operands[0];
  T* const dx = results[0].as<T>();
  const std::int64_t plane = logits.extents.spatial_elements();
  const std::int32_t classes = logits.extents.channels();
  const double divisor =
      static_cast<double>(*operand_at<role::divisor, resized_cross_entropy_gradient>(operands).as<const T>());
  std::fill_n(dx, logits.extents.elements(), T{0});
  if (divisor == 0) return;
  std::vector<T> x(static_cast<std::size_t>(classes));
  for_each_resized_label<T>(
      attribute, logits, operand_at<role::labels, resized_cross_entropy_gradient>(operands),
      [&](std::int64_t image, const resized_pixel& pixel, std::int32_t label) {
        resize_pixel(logits, image, pixel, x);
        const double factor = attribute.scale * class_weight(graph, attribute, label) / divisor;
        const double total = log_sum_exp(x.data(), 1, classes);
        for (std::int32_t c = 0; c < classes; ++c) {
          const double probability = std::exp(static_cast<double>(x[static_cast<std::size_t>(c)]) - total);
          const T gradient = static_cast<T>(factor * (probability - (c == label ? 1 : 0)));
          for (std::size_t i = 0; i < 4; ++i)
            if (pixel.weight[i] != 0)
              dx[(image * classes + c) * plane + pixel.element[i]] += static_cast<T>(pixel.weight[i]) * gradient;
        }
      });
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
