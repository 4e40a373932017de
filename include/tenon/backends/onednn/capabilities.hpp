// SPDX-License-Identifier: Apache-2.0
// What the oneDNN backend can do, for the passes and the planner: layouts, fusion, packed weights, work in place.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/backends/onednn/geometry.hpp"
#include "tenon/backends/onednn/plain_channels.hpp"
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

struct capabilities {
  static constexpr std::string_view name = "oneDNN";
  /// A convolution can take a batch norm's statistics and parameters as operands and fold them into its weights.
  static constexpr bool folds_norm = true;

  /// Whether an activation may be fused into the operation's result.
  static constexpr bool fuses_activation(operation op, activation) {
    return is_norm(op) || op == operation::convolution || op == operation::transposed_convolution;
  }

  /// Whether a node may add another value to its result, before its activation.
  static constexpr bool fuses_sum(const graph_view&, const node& of) { return may_have_residual(of.op); }

  /// The most channels of values that are plain for being few.
  static constexpr std::int32_t most_plain_channels = onednn::most_plain_channels;

  /// Whether the node can write its first result plain, as far as its operands and the result's readers allow.
  static constexpr bool writes_plain(const graph_view& graph, const node& of) {
    const bool is_few = graph.result_value(of).extents.channels() <= most_plain_channels;
    switch (of.op) {
      case operation::resize:
        return true;
      case operation::input:
      case operation::convolution:
      case operation::convolution_data_gradient:
        return is_few;
      default:
        return is_few && (is_elementwise(of.op) || (reads_any_layout(of.op) && phase_of(of.op) == phase::backward));
    }
  }

  /// Whether the node can work where the values told by `plain` are so, as far as it has to do with them.
  static constexpr bool works_plain(const graph_view& graph, const node& of, const char* plain) {
    return onednn::works_plain(graph, of, plain);
  }

  /// The layout the node wants its i-th operand in: activations blocked, but plain what is so for being few channels,
  /// and a network input where a convolution of at most 3 channels reads it; everything else plain.
  /// requires: the results' layouts have been chosen.
  static constexpr layout operand_layout(const graph_view& graph, const node& of, int i) {
    const value& given = graph.operand_value(of, i);
    // What somebody gives blocked is an activation that all read so.
    if (given.arrangement == layout::blocked) return layout::blocked;
    if (given.type != element_type::float32) return layout::plain;
    if ((i == 0 || (i == 1 && compares(of.op))) && comes_plain(graph, graph.operand(of, 0)) &&
        (reads_any_layout(of.op) || of.op == operation::resize_gradient)) {
      return layout::plain;
    }
    if (is_element(of, i)) return graph.result_value(of).arrangement;
    const plain_sides sides = plain_sides_of(graph, of);
    switch (operand_slot(of, i).is) {
      case role::activation:
        if (of.op == operation::reorder) return given.arrangement;
        return sides.source || reads_plain(graph, of) ? layout::plain : layout::blocked;
      case role::output_gradient:
        return sides.destination ? layout::plain : layout::blocked;
      case role::factor:
      case role::expected:
        return layout::blocked;
      default:
        return layout::plain;
    }
  }

  /// The layout the node gives its i-th result in.
  static constexpr layout result_layout(const graph_view& graph, const node& of, int i) {
    switch (of.op) {
      case operation::add:
        return sums_parameter_gradients(graph, of) ? layout::plain : layout::blocked;
      case operation::cross_entropy_gradient:
        return graph.operand_value(of, role::activation).arrangement;
      case operation::mean_square_gradient:
      case operation::binary_cross_entropy_gradient:
        return comes_plain(graph, graph.operand(of, role::activation)) ? layout::plain : layout::blocked;
      case operation::reorder:
        return graph.result_value(of, i).arrangement;
      default:
        break;
    }
    const role is = result_slot(of, i).is;
    return is == role::activation || is == role::input_gradient ? layout::blocked : layout::plain;
  }

  /// The bytes of packed weights and packed bias the node keeps; 0 for a node without. It is an upper bound, for every
  /// layout oneDNN may choose on any CPU.
  static constexpr std::int64_t packed_bytes(const graph_view& graph, const node& of) {
    const convolution_role role = role_of(of.op);
    if (role != convolution_role::forward && role != convolution_role::data_gradient) return 0;
    return greater(weight_bytes(graph, of), gathered_bytes(graph, of)) + (adds_bias(of) ? bias_bytes(graph, of) : 0);
  }

  /// The bytes of scratch memory the node needs while it runs: a weight gradient in oneDNN's layout, and the gradient
  /// of a bias whose channels do not fill whole blocks; or a depthwise gradient's partial sums.
  static constexpr std::int64_t workspace_bytes(const graph_view& graph, const node& of) {
    if (role_of(of.op) != convolution_role::weight_gradient) return 0;
    const weight_extents extents = weight_extents_of(graph, of);
    if (const plain_sides sides = plain_sides_of(graph, of); sides.source || sides.destination) {
      const std::int64_t narrow = sides.destination ? extents.out : extents.in;
      const std::int64_t wide = round_up(sides.destination ? extents.in : extents.out, planned_block);
      return 4 * (sides.source == sides.destination ? kernels::row_gradient_sums(extents.elements(), extents.out)
                                                    : kernels::narrow_gradient_sums(narrow, wide));
    }
    if (has_depthwise_kernels(extents)) {
      const convolution_values values = convolution_values_of(graph, of);
      const shape& grid = graph.value_at(is_transposed(of.op) ? values.source : values.destination).extents;
      const std::int64_t rows = std::int64_t{grid.batch()} * grid.spatial(0) * grid.spatial(1);
      return 4 * kernels::depthwise_gradient_sums(grid.channels(), rows, extents.kernel);
    }
    return weight_bytes(graph, of) + (of.attribute.has_bias ? bias_bytes(graph, of) : 0);
  }

  /// Whether a part of the whole (an operand of a concat, a result of a split or of a concat's gradient) may lie in the
  /// whole's memory: one image, whole blocks of channels; a plain part must begin where a slot may.
  static constexpr bool joins_in_place(const graph_view& graph, const node& of, int part) {
    const value &one = graph.value_at(channel_part(graph, of, part)), &whole = graph.value_at(channel_whole(graph, of));
    if (whole.extents.batch() != 1 || one.arrangement != whole.arrangement || one.type != whole.type) return false;
    const std::int64_t first = first_channel_of(graph, of, part);
    if (one.arrangement == layout::blocked)
      return first % planned_block == 0 && one.extents.channels() % planned_block == 0;
    return first * one.extents.spatial_elements() * size_of(one.type) % 64 == 0;
  }

  /// Whether the node's first result may overwrite the given operand.
  static constexpr bool in_place(const graph_view& graph, const node& of, int operand) {
    if (graph.operand_value(of, operand).arrangement != graph.result_value(of).arrangement) return false;
    // A convolution reads its source until the last element of its result is made.
    if (of.op == operation::convolution && graph.operand(of, operand) == graph.operand(of, role::activation))
      return false;
    return operand_slot(of, operand).may_be_overwritten;
  }

 private:
  static constexpr bool is_norm(operation op) {
    return op == operation::batch_norm || op == operation::batch_norm_training || op == operation::group_norm ||
           op == operation::group_norm_given;
  }

  /// Whether a value is plain because its maker wrote it so: what is given to a network is plain too, but not for its
  /// readers' sake.
  static constexpr bool comes_plain(const graph_view& graph, std::int32_t number) {
    const value& read = graph.value_at(number);
    return read.arrangement == layout::plain && !is_source(graph.node_at(read.producer).op);
  }

  /// The stem: a dense convolution over a plain network input of at most 3 channels.
  static constexpr bool reads_plain(const graph_view& graph, const node& of) {
    return (of.op == operation::convolution || of.op == operation::convolution_weight_gradient) &&
           of.attribute.groups == 1 && is_stem_source(graph, graph.operand_value(of, role::activation));
  }
  /// Gradients of a shared parameter are added in the parameter's plain layout.
  static constexpr bool sums_parameter_gradients(const graph_view& graph, const node& of) {
    for (int i = 0; i < of.operands.count; ++i)
      if (is_parameter_gradient(graph, graph.operand(of, i))) return true;
    return false;
  }

  static constexpr bool is_parameter_gradient(const graph_view& graph, std::int32_t number) {
    const node& producer = graph.node_at(graph.value_at(number).producer);
    if (producer.op == operation::parameter) return true;
    // Its layout has been chosen already. Few channels are plain too, and then so is whatever reads them.
    if (producer.op == operation::add) return graph.value_at(number).arrangement == layout::plain;
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

  static constexpr weight_extents greatest_extents(const graph_view& graph, const node& of) {
    weight_extents extents = weight_extents_of(graph, of);
    if (extents.is_depthwise()) {
      extents.groups = round_up(extents.groups, planned_block);
      return extents;
    }
    // oneDNN reads a plain source of few channels with weights that are blocked by the other side alone.
    // While layouts are being chosen the source is still plain, so what counts is what the node asks for.
    const bool is_stem =
        (of.op == operation::convolution || of.op == operation::convolution_weight_gradient) && reads_plain(graph, of);
    if (!is_stem) extents.in = round_up(extents.in, planned_block);
    extents.out = round_up(extents.out, planned_block);
    return extents;
  }
  static constexpr std::int64_t weight_bytes(const graph_view& graph, const node& of) {
    return round_up(greatest_extents(graph, of).elements() * 4, 64);
  }
  /// Of weights that a kernel of ours reads: groups that do not fill blocks grow.
  static constexpr std::int64_t gathered_bytes(const graph_view& graph, const node& of) {
    const weight_extents extents = weight_extents_of(graph, of);
    if (extents.groups == 1 || has_depthwise_kernels(extents)) return 0;
    const bool forward = role_of(of.op) == convolution_role::forward;
    const std::int64_t to = forward ? extents.out : extents.in, from = forward ? extents.in : extents.out;
    const std::int64_t most = greater(kernels::gathered_weights(extents.groups, to, from, extents.kernel, 16),
                                      kernels::gathered_weights(extents.groups, to, from, extents.kernel, 8));
    return round_up(most * 4, 64);
  }
  static constexpr std::int64_t bias_bytes(const graph_view& graph, const node& of) {
    return round_up(graph.value_at(convolution_values_of(graph, of).destination).extents.channels(), planned_block) * 4;
  }
};

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
