// SPDX-License-Identifier: Apache-2.0
// What the oneDNN backend can do, for the passes and the planner: layouts, fusion, packed weights, work in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/backends/onednn/contiguous_channels.hpp"
#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/backends/onednn/selector.hpp"
#include "tenon/core/element_type.hpp"
#include "tenon/core/ordering.hpp"
#include "tenon/graph/channel_parts.hpp"
#include "tenon/graph/graph.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// What is asked when a network is compiled, and by whom:
///
///     picture -> convolution -> batch_norm -> activation -> convolution -> scores
///
///        |  fold_norm, fuse_sum, fuse_activation ask folds_norm, fuses_sum, fuses_activation
///        v
///     picture --> convolution + norm + activation --> features --> convolution --> scores
///
///        |  contiguous_values asks most_contiguous_channels, writes_contiguous, works_contiguous;
///        v  lay_out asks operand_layout, result_layout, and then select what computes each node
///     picture --> convolution + norm + activation --> features --> convolution --> scores
///     N 3 H W     oneDNN, the stem                    N 64/b H W b   narrow        N 5 H W
///     contiguous  + packed weights                    blocked        kernel        contiguous
///
///        |  alias_groups asks in_place, joins_in_place
///        v
///     [ features  | scores | ...  the arena
struct capabilities {
  static constexpr std::string_view name = "oneDNN";
  /// What each space of a program's memory is aligned to, and the slots of the arena and of packed weights, in bytes.
  static constexpr std::size_t alignment = onednn::alignment;
  /// A convolution can take a batch norm's statistics and parameters as operands and fold them into its weights.
  static constexpr bool folds_norm = true;

  /// Whether an activation may be fused into the operation's result.
  static constexpr bool fuses_activation(operation op, activation) {
    return is_norm(op) || op == operation::convolution || op == operation::transposed_convolution;
  }

  /// Whether a node may add another value to its result, before its activation.
  static constexpr bool fuses_sum(const graph_view&, const node& of) { return may_have_residual(of.op); }

  /// A cross entropy can resize the logits that it reads.
  static constexpr bool fuses_resize = true;

  /// The most channels of values that are contiguous for being few.
  static constexpr std::int32_t most_contiguous_channels = onednn::most_contiguous_channels;

  /// Whether the node can write its first result contiguous, as far as its operands and the result's readers allow.
  static constexpr bool writes_contiguous(const graph_view& graph, const node& of) {
    switch (of.op) {
      case operation::resize:
        return true;
      case operation::input:
      case operation::convolution:
      case operation::convolution_data_gradient:
        break;
      default:
        if (!is_elementwise(of.op) && !(phase_of(of.op) == phase::backward && reads_any_layout(of.op))) return false;
    }
    return graph.result_value(of).extents.channels() <= most_contiguous_channels;
  }

  /// Whether the node can work where the values told by `contiguous` are so, as far as it has to do with them.
  static constexpr bool works_contiguous(const graph_view& graph, const node& of, const char* contiguous) {
    return onednn::works_contiguous(graph, of, contiguous);
  }

  /// The layout the node wants its i-th operand in: activations blocked, but contiguous what is so for being few
  /// channels, and a network input where a convolution of at most 3 channels reads it; everything else contiguous.
  /// requires: the results' layouts have been chosen.
  static constexpr layout operand_layout(const graph_view& graph, const node& of, int i) {
    const value& given = graph.operand_value(of, i);
    // What somebody gives blocked is an activation that all read so.
    if (given.arrangement == layout::blocked) return layout::blocked;
    const role is = operand_role(of, i);
    if (!is_of_features(is)) return layout::contiguous;
    if ((i == 0 || (i == 1 && compares(of.op))) && comes_contiguous(graph, graph.operand(of, 0)) &&
        (reads_any_layout(of.op) || of.op == operation::resize_gradient)) {
      return layout::contiguous;
    }
    if (is_element(of.op, is)) return graph.result_value(of).arrangement;
    switch (is) {
      case role::activation:
        if (of.op == operation::reorder) return given.arrangement;
        if (role_of(of.op) == convolution_role::none) return layout::blocked;
        return contiguous_sides_of(graph, of).source || is_stem(graph, of) ? layout::contiguous : layout::blocked;
      case role::output_gradient:
        return contiguous_sides_of(graph, of).destination ? layout::contiguous : layout::blocked;
      case role::factor:
      case role::expected:
        return layout::blocked;
      default:
        return layout::contiguous;
    }
  }

  /// The layout the node gives its i-th result in.
  static constexpr layout result_layout(const graph_view& graph, const node& of, int i) {
    // Of several results the first alone may have features, or all have, as of a split.
    const int number = static_cast<int>(of.op);
    if (i > 0 && !table::by_operation.gives_parts[number]) return layout::contiguous;
    switch (of.op) {
      case operation::add:
        return sums_parameter_gradients(graph, of) ? layout::contiguous : layout::blocked;
      case operation::cross_entropy_gradient:
        return graph.operand_value(of, role::activation).arrangement;
      case operation::reorder:
        return graph.result_value(of, i).arrangement;
      default:
        break;
    }
    if (!table::by_operation.gives_features[number]) return layout::contiguous;
    if (compares(of.op))
      return comes_contiguous(graph, graph.operand(of, role::activation)) ? layout::contiguous : layout::blocked;
    return layout::blocked;
  }

  /// Whether there are several ways of computing an operation, with memory of their own.
  static constexpr bool has_alternatives(operation op) { return role_of(op) != convolution_role::none; }
  /// What computes a node: the alternative of the least cost.
  /// requires: the layouts of its operands and results are settled.
  static constexpr selection select(const graph_view& graph, const node& of) { return onednn::select(graph, of); }
  /// Whether what a node's record names is among its alternatives: for the verifier.
  static constexpr bool can_compute(const graph_view& graph, const node& of) {
    const alternatives listed = alternatives_of(graph, of);
    for (int i = 0; i < listed.count; ++i)
      if (listed.list[i] == of.computed_by) return true;
    return false;
  }
  /// Whether two nodes that read the same weights can read them packed once.
  /// requires: what computes them is chosen, and both have packed weights.
  static constexpr bool packs_alike(const graph_view& graph, const node& one, const node& other) {
    return onednn::packs_alike(graph, one, other);
  }
  /// The name of what computes a node, for reports.
  static constexpr std::string_view name_of(const selection& chosen) {
    return onednn::name_of(static_cast<algorithm>(chosen.algorithm));
  }

  /// Whether a part of the whole (an operand of a concat, a result of a split or of a concat's gradient) may lie in the
  /// whole's memory: one image, whole blocks of channels; a contiguous part must begin where a slot may.
  static constexpr bool joins_in_place(const graph_view& graph, const node& of, int part) {
    const value &one = graph.value_at(channel_part(graph, of, part)), &whole = graph.value_at(channel_whole(graph, of));
    if (whole.extents.batch() != 1 || one.arrangement != whole.arrangement || one.type != whole.type) return false;
    const std::int64_t first = first_channel_of(graph, of, part);
    if (one.arrangement == layout::blocked)
      return first % planned_block == 0 && one.extents.channels() % planned_block == 0;
    return first * one.extents.spatial_elements() * size_of(one.type) % static_cast<std::int64_t>(alignment) == 0;
  }

  /// Whether the node's first result may overwrite the given operand.
  static constexpr bool in_place(const graph_view& graph, const node& of, int operand) {
    if (!may_overwrite(of, operand)) return false;
    if (graph.operand_value(of, operand).arrangement != graph.result_value(of).arrangement) return false;
    // A convolution reads its source until the last element of its result is made.
    return of.op != operation::convolution || graph.operand(of, operand) != graph.operand(of, role::activation);
  }

 private:
  /// Whether operands in a role have features, which are blocked or contiguous; all others are contiguous.
  static constexpr bool is_of_features(role is) {
    return is == role::activation || is == role::output_gradient || is == role::residual || is == role::factor ||
           is == role::expected;
  }

  /// Whether a value is contiguous because its maker wrote it so: what is given to a network is contiguous too, but not
  /// for its readers' sake.
  static constexpr bool comes_contiguous(const graph_view& graph, std::int32_t number) {
    const value& read = graph.value_at(number);
    return read.arrangement == layout::contiguous && !is_source(graph.node_at(read.producer).op);
  }

  /// Gradients of a shared parameter are added in the parameter's contiguous layout.
  static constexpr bool sums_parameter_gradients(const graph_view& graph, const node& of) {
    for (int i = 0; i < of.operands.count; ++i)
      if (is_parameter_gradient(graph, graph.operand(of, i))) return true;
    return false;
  }

  static constexpr bool is_parameter_gradient(const graph_view& graph, std::int32_t number) {
    const node& producer = graph.node_at(graph.value_at(number).producer);
    if (producer.op == operation::parameter) return true;
    // Its layout has been chosen already. Few channels are contiguous too, and then so is whatever reads them.
    if (producer.op == operation::add) return graph.value_at(number).arrangement == layout::contiguous;
    switch (result_slot(producer, number - producer.results.begin).is) {
      case role::weight_gradient:
      case role::bias_gradient:
      case role::scale_gradient:
      case role::shift_gradient:
      case role::slope_gradient:
        return true;
      default:
        return false;
    }
  }
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
