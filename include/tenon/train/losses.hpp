// SPDX-License-Identifier: Apache-2.0
// Losses: mean_square, binary_cross_entropy, cross_entropy, and several of them together.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "tenon/core/array_view.hpp"
#include "tenon/core/option_list.hpp"
#include "tenon/core/real.hpp"
#include "tenon/graph/builder.hpp"

namespace tenon {
inline namespace v0 {

/// What marks a loss; a trainer's template argument with this base is its loss.
struct loss_base {};

/// Appends a loss, `scale` times, that compares each element of `output` with its target; gives its value's number.
constexpr std::int32_t append_comparison(builder& to, operation loss, std::int32_t output, std::int32_t index,
                                         double scale) {
  attributes given;
  given.index = index;
  const std::int32_t target = to.graph.make(operation::target, {}, given, to.value_at(output).extents);
  attributes attribute;
  attribute.scale = scale;
  const std::array<std::int32_t, 2> operands{output, target};
  return to.graph.make(loss, operands, attribute, shape(), to.graph.store("loss"));
}

/// mean((output - target)^2) over all elements, as PyTorch's MSELoss. The target is a float tensor of the output's
/// shape.
struct mean_square : loss_base {
  /// Appends the loss of `output`, `scale` times; gives its value's number.
  static constexpr std::int32_t append(builder& to, std::int32_t output, std::int32_t index, double scale) {
    return append_comparison(to, operation::mean_square, output, index, scale);
  }
};

/// The mean over all elements of -t log s(x) - (1 - t) log(1 - s(x)), s the sigmoid of a logit x, as PyTorch's
/// BCEWithLogitsLoss. The target t is a float tensor of the output's shape, between 0 and 1.
struct binary_cross_entropy : loss_base {
  static constexpr std::int32_t append(builder& to, std::int32_t output, std::int32_t index, double scale) {
    return append_comparison(to, operation::binary_cross_entropy, output, index, scale);
  }
};

/// What the options of a cross entropy may set; core/option_list.hpp says how an option does it.
struct cross_entropy_options {
  bool has_ignored = false;
  std::int32_t ignored = 0;
  array_view<double> class_weights{};  ///< none: all 1
};

/// The label that does not count in a cross entropy.
template <int Label>
struct ignore {
  static constexpr auto sets = &cross_entropy_options::ignored;
  static constexpr void set(cross_entropy_options& options) {
    options.has_ignored = true;
    options.ignored = Label;
  }
};

/// One weight a class in a cross entropy.
template <real... Weights>
struct class_weights {
  static_assert(sizeof...(Weights) >= 1, "class_weights takes one weight a class");
  static_assert(((Weights.value() >= 0) && ...), "class weights are not negative");
  static constexpr std::array<double, sizeof...(Weights)> values{Weights.value()...};
  static constexpr auto sets = &cross_entropy_options::class_weights;
  static constexpr void set(cross_entropy_options& options) { options.class_weights = values; }
};

/// An option of a cross entropy.
template <class Option>
concept cross_entropy_option = option_of<Option, cross_entropy_options>;

/// Softmax cross entropy over the channels, averaged over the labels that count, as PyTorch's CrossEntropyLoss: the
/// weighted mean. If no label counts, for each is ignored or of a class that weighs 0, the loss and its gradient are 0,
/// where PyTorch's are NaN. The target is one class label a pixel, (N, [D,] H, W).
///
/// options: ignore<Label> (default: every label counts), class_weights<w0, w1, ...>
/// problems: class_weights_differ
template <cross_entropy_option... Options>
struct cross_entropy : loss_base {
  static_assert(given_once<Options...>, "an option is given twice");

  static constexpr std::int32_t append(builder& to, std::int32_t output, std::int32_t index, double scale) {
    const shape extents = to.value_at(output).extents;
    const range scope = to.graph.store("loss");
    shape labels = extents;
    labels.rank = extents.rank - 1;
    for (int i = 1; i < labels.rank; ++i) labels[i] = extents[i + 1];
    labels[labels.rank] = 0;  // shapes compare all their extents
    attributes attribute;
    attribute.index = index;
    to.graph.append(operation::target, {}, attribute);
    const std::int32_t target = to.graph.add_result(labels, element_type::int32);
    attribute.index = 0;
    attribute.scale = scale;
    const cross_entropy_options options = collect<cross_entropy_options, Options...>();
    attribute.has_ignored = options.has_ignored;
    attribute.ignored = options.ignored;
    if (!options.class_weights.empty()) {
      const auto count = static_cast<std::int32_t>(options.class_weights.size());
      if (count != extents.channels()) {
        to.graph.report(problem::class_weights_differ, scope, count, extents.channels());
      }
      attribute.class_weights = {static_cast<std::int32_t>(to.graph.reals.size()), count};
      for (const double weight : options.class_weights) to.graph.reals.push_back(static_cast<float>(weight));
    }
    const std::array<std::int32_t, 2> operands{output, target};
    const std::int32_t loss = to.graph.make(operation::cross_entropy, operands, attribute, shape(), scope);
    to.graph.add_result(shape());
    return loss;
  }
};

/// The loss of one output.
template <class Loss>
concept output_loss = std::is_base_of_v<loss_base, Loss> && requires(builder& to) {
  Loss::append(to, 0, 0, 1.0);
};

/// A loss times a factor.
template <output_loss Loss, real Factor>
struct weighted : loss_base {
  static constexpr std::int32_t append(builder& to, std::int32_t output, std::int32_t index, double scale) {
    return Loss::append(to, output, index, scale * Factor.value());
  }
};

/// One loss an output, in their order; the loss is their sum. Problem: losses_differ_from_outputs.
template <output_loss... Losses>
struct losses : loss_base {
  static constexpr std::size_t count = sizeof...(Losses);

  /// Appends all losses of the graph's outputs; the sum becomes the only output.
  static constexpr void append_all(builder& to) {
    const auto given = static_cast<std::int32_t>(to.graph.outputs.size());
    if (given != static_cast<std::int32_t>(sizeof...(Losses))) {
      to.graph.report(problem::losses_differ_from_outputs, to.graph.store("loss"), sizeof...(Losses), given);
      return;
    }
    std::array<std::int32_t, sizeof...(Losses)> parts{};
    std::int32_t index = 0;
    ((parts[static_cast<std::size_t>(index)] =
          Losses::append(to, to.graph.outputs[static_cast<std::size_t>(index)], index, 1.0),
      ++index),
     ...);
    to.graph.outputs.clear();
    to.graph.outputs.push_back(parts.size() == 1
                                   ? parts[0]
                                   : to.graph.make(operation::total_loss, parts, {}, shape(), to.graph.store("loss")));
  }
};

/// A loss as `losses<...>`, whether one was given or several.
template <class Loss>
struct loss_list {
  using type = losses<Loss>;
};
template <class... Losses>
struct loss_list<losses<Losses...>> {
  using type = losses<Losses...>;
};

}  // namespace v0
}  // namespace tenon
