// SPDX-License-Identifier: Apache-2.0
// What the oneDNN backend computes of values that are contiguous for being few channels; constexpr.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/graph/graph.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// The most channels of values that are contiguous for being few: of a block of 16 half or more would be padding.
inline constexpr std::int32_t most_contiguous_channels = 8;
static_assert(most_contiguous_channels <= kernels::most_row_channels &&
              most_contiguous_channels <= kernels::most_narrow_channels);

/// What oneDNN reads contiguous: a network input of at most 3 channels.
constexpr bool is_stem_source(const graph_view& graph, const value& source) {
  return graph.node_at(source.producer).op == operation::input && source.arrangement == layout::contiguous &&
         source.extents.channels() <= 3;
}

/// The stem: a dense convolution over a network input that oneDNN reads contiguous, or its weight's gradient.
constexpr bool is_stem(const graph_view& graph, const node& of) {
  return (of.op == operation::convolution || of.op == operation::convolution_weight_gradient) &&
         of.attribute.groups == 1 && is_stem_source(graph, graph.operand_value(of, role::activation));
}

/// Operations that take their operands and results element by element, in one layout.
constexpr bool is_elementwise(operation op) { return table::by_operation.is_elementwise[static_cast<int>(op)]; }
/// Whether the i-th operand has the layout of the result for that, or for being added to it.
constexpr bool is_element(operation op, role is) {
  return is == role::residual || ((is == role::activation || is == role::output_gradient) && is_elementwise(op));
}
constexpr bool is_element(const node& of, int i) { return is_element(of.op, operand_role(of, i)); }

/// Losses of one target an element, and their gradients: both operands come in one layout.
constexpr bool compares(operation op) { return table::by_operation.compares[static_cast<int>(op)]; }
/// Whether logits are resized while they are read, which are blocked then.
constexpr bool resizes_logits(operation op) {
  return op == operation::resized_cross_entropy || op == operation::resized_cross_entropy_gradient;
}
/// Losses and their gradients: they read their first operand in whatever layout it comes.
constexpr bool reads_any_layout(operation op) {
  return compares(op) || (table::by_operation.reads_labels[static_cast<int>(op)] && !resizes_logits(op));
}

/// Which activations of a convolution are contiguous for being few channels.
struct contiguous_sides {
  bool source = false, destination = false;
};

/// Whether there is a kernel for a convolution of contiguous channels on the given sides, of blocked ones on the other.
constexpr bool convolves(const graph_view& graph, const node& of, bool source_is_contiguous,
                         bool destination_is_contiguous) {
  const attributes& attribute = of.attribute;
  if (is_transposed(of.op) || attribute.groups != 1) return false;
  const convolution_values values = convolution_values_of(graph, of);
  const value &source = graph.value_at(values.source), &destination = graph.value_at(values.destination);
  if (source_is_contiguous && source.extents.channels() > kernels::most_row_channels) return false;
  if (destination_is_contiguous && destination.extents.channels() > kernels::most_row_channels) return false;
  const bool is_both = source_is_contiguous && destination_is_contiguous;
  for (std::size_t d = 0; d < 3; ++d) {
    if (attribute.stride[d] != 1 || attribute.kernel[d] > (is_both ? kernels::most_row_taps : 1)) return false;
    if (!is_both && (attribute.padding_begin[d] != 0 || attribute.padding_end[d] != 0)) return false;
  }
  // oneDNN reads a stem's source.
  return !source_is_contiguous || destination_is_contiguous || !is_stem_source(graph, source);
}

/// Which sides of a convolution are contiguous: those whose value is, if there is a kernel for that combination.
constexpr contiguous_sides contiguous_sides_of(const graph_view& graph, const node& of) {
  const convolution_role role = role_of(of.op);
  if (role == convolution_role::none) return {};
  const convolution_values values = convolution_values_of(graph, of);
  const bool source = graph.value_at(values.source).arrangement == layout::contiguous;
  const bool destination = graph.value_at(values.destination).arrangement == layout::contiguous;
  if (!source && !destination) return {};
  if (convolves(graph, of, source, destination)) return {source, destination};
  if (!source || !destination) return {};
  if (role != convolution_role::data_gradient && convolves(graph, of, false, true)) return {false, true};
  if (role != convolution_role::forward && convolves(graph, of, true, false)) return {true, false};
  return {};
}

/// Whether the node is a norm or a dropout of contiguous values: what each pixel needs depends on its channel.
constexpr bool works_on_planes(const graph_view& graph, const node& of) {
  return is_elementwise(of.op) && of.op != operation::activation && of.op != operation::add &&
         of.op != operation::activation_gradient && graph.operand_value(of, 0).arrangement == layout::contiguous;
}

/// Whether the node can work where the values told by `contiguous` are so, as far as it has to do with them. Losses
/// read any layout.
constexpr bool works_contiguous(const graph_view& graph, const node& of, const char* contiguous) {
  if (role_of(of.op) != convolution_role::none) {
    const convolution_values values = convolution_values_of(graph, of);
    const bool source = contiguous[values.source] != 0, destination = contiguous[values.destination] != 0;
    if (of.attribute.adds && (contiguous[graph.operand(of, role::residual)] != 0) != destination) return false;
    return (!source && !destination) || convolves(graph, of, source, destination);
  }
  if (is_elementwise(of.op)) {
    const char result = contiguous[of.results[0]];
    for (int i = 0; i < of.operands.count; ++i)
      if (is_element(of, i) && contiguous[graph.operand(of, i)] != result) return false;
    return true;
  }
  if (reads_any_layout(of.op))
    return is_loss(of.op) || contiguous[of.results[0]] == 0 || contiguous[graph.operand(of, role::activation)] != 0;
  switch (of.op) {
    case operation::resize_gradient:
      return true;
    case operation::resize:
      return contiguous[graph.operand(of, 0)] == 0 || is_source(graph.node_at(graph.operand_value(of, 0).producer).op);
    default:
      return false;
  }
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
