// SPDX-License-Identifier: Apache-2.0
// The selector: the ways in which a node can be computed, what each costs, and which is taken; constexpr.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/backends/onednn/contiguous_channels.hpp"
#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/core/ordering.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// What computes a node.
enum class algorithm : std::uint8_t {
  kernel,             ///< a kernel of ours: everything but the convolution family
  primitive,          ///< a primitive of oneDNN, which has fast code for it
  checked_primitive,  ///< a primitive of oneDNN if it has fast code for it on this processor, else a kernel of ours
  depthwise,          ///< kernels of ours for depthwise convolutions
  rows,               ///< kernels of ours for few channels, all contiguous
  narrow,             ///< kernels of ours for pointwise convolutions between few contiguous channels and blocked ones
};

constexpr std::string_view name_of(algorithm of) {
  constexpr std::string_view names[] = {"kernel",           "oneDNN",     "oneDNN or kernel",
                                        "depthwise kernel", "row kernel", "narrow kernel"};
  return names[static_cast<int>(of)];
}

constexpr algorithm algorithm_of(const node& of) { return static_cast<algorithm>(of.chosen.algorithm); }

/// The ways in which a node can be computed.
struct alternatives {
  static constexpr int most = 2;
  selection list[most]{};
  int count = 0;

  constexpr void add(algorithm by, std::int64_t packed, std::int64_t workspace, std::int64_t cost) {
    list[count++] = {static_cast<std::uint8_t>(by), packed, workspace, cost};
  }
};

/// Finds the alternatives for a node of the convolution family, whose layouts are settled.
class convolution_alternatives {
 public:
  constexpr convolution_alternatives(const graph_view& graph, const node& of)
      : graph_(graph), of_(of), role_(role_of(of.op)), extents_(weight_extents_of(graph, of)) {}

  constexpr alternatives find() const {
    alternatives found;
    const contiguous_sides sides = contiguous_sides_of(graph_, of_);
    if (sides.source != sides.destination) {
      const std::int64_t narrow = sides.destination ? extents_.out : extents_.in;
      const std::int64_t wide = round_up(sides.destination ? extents_.in : extents_.out, planned_block);
      found.add(algorithm::narrow, packed_bytes(weight_bytes()),
                workspace_bytes(4 * kernels::narrow_gradient_sums(narrow, wide)), windows() * narrow * wide);
    } else if (sides.source) {
      found.add(algorithm::rows, packed_bytes(weight_bytes()),
                workspace_bytes(4 * kernels::row_gradient_sums(extents_.elements(), extents_.out)),
                windows() * extents_.elements());
    } else {
      const bool is_fast = has_fast_primitive(graph_, of_);
      found.add(is_fast ? algorithm::primitive : algorithm::checked_primitive,
                packed_bytes(greater(weight_bytes(), direct_bytes())), workspace_bytes(weight_bytes() + bias_bytes()),
                windows() * greatest_extents().elements() * (extents_.is_depthwise() ? depthwise_penalty : 1));
      if (has_depthwise_kernels(extents_)) {
        found.add(algorithm::depthwise, packed_bytes(weight_bytes()), workspace_bytes(depthwise_sums()),
                  windows() * greatest_extents().elements() * depthwise_penalty / 2);
      }
    }
    return found;
  }

 private:
  /// A multiply-accumulate of a depthwise convolution takes as long as so many of a dense one: each loads what it uses.
  static constexpr std::int64_t depthwise_penalty = 8;

  constexpr std::int64_t packed_bytes(std::int64_t weights) const {
    if (role_ == convolution_role::weight_gradient) return 0;
    return weights + (adds_bias(of_) ? padded_bias_bytes() : 0);
  }
  constexpr std::int64_t workspace_bytes(std::int64_t wanted) const {
    return role_ == convolution_role::weight_gradient ? wanted : 0;
  }

  /// The positions of the window in the whole batch.
  constexpr std::int64_t windows() const {
    const convolution_values values = convolution_values_of(graph_, of_);
    const shape& grid = graph_.value_at(is_transposed(of_.op) ? values.source : values.destination).extents;
    return grid.elements() / grid.channels();
  }

  /// The weights' extents when channels fill whole blocks of 16, which is an upper bound for every layout that oneDNN
  /// may choose on any processor.
  constexpr weight_extents greatest_extents() const {
    weight_extents extents = extents_;
    if (extents.is_depthwise()) {
      extents.groups = round_up(extents.groups, planned_block);
      return extents;
    }
    // oneDNN reads a contiguous source of few channels with weights that are blocked by the other side alone.
    if (!is_stem(graph_, of_)) extents.in = round_up(extents.in, planned_block);
    extents.out = round_up(extents.out, planned_block);
    return extents;
  }
  constexpr std::int64_t weight_bytes() const { return round_up(greatest_extents().elements() * 4, 64); }

  /// Of weights that a kernel of ours reads in place of a primitive: groups that do not fill blocks grow.
  constexpr std::int64_t direct_bytes() const {
    if (extents_.groups == 1 || has_depthwise_kernels(extents_)) return 0;
    const bool forward = role_ == convolution_role::forward;
    const std::int64_t to = forward ? extents_.out : extents_.in, from = forward ? extents_.in : extents_.out;
    const std::int64_t most = greater(kernels::packed_direct_weights(extents_.groups, to, from, extents_.kernel, 16),
                                      kernels::packed_direct_weights(extents_.groups, to, from, extents_.kernel, 8));
    return round_up(most * 4, 64);
  }
  constexpr std::int64_t padded_bias_bytes() const {
    const std::int32_t result = convolution_values_of(graph_, of_).destination;
    return round_up(graph_.value_at(result).extents.channels(), planned_block) * 4;
  }
  /// Of a weight gradient in oneDNN's layout that has a bias: its channels may not fill whole blocks.
  constexpr std::int64_t bias_bytes() const { return of_.attribute.has_bias ? padded_bias_bytes() : 0; }

  /// Of a depthwise weight gradient the partial sums.
  constexpr std::int64_t depthwise_sums() const {
    const convolution_values values = convolution_values_of(graph_, of_);
    const shape& grid = graph_.value_at(is_transposed(of_.op) ? values.source : values.destination).extents;
    const std::int64_t rows = std::int64_t{grid.batch()} * grid.spatial(0) * grid.spatial(1);
    return 4 * kernels::depthwise_gradient_sums(grid.channels(), rows, extents_.kernel);
  }

  const graph_view& graph_;
  const node& of_;
  convolution_role role_;
  weight_extents extents_;
};

/// requires: the layouts of the node's operands and results are settled.
constexpr alternatives alternatives_of(const graph_view& graph, const node& of) {
  if (role_of(of.op) != convolution_role::none) return convolution_alternatives(graph, of).find();
  alternatives found;
  found.add(algorithm::kernel, 0, 0, 0);
  return found;
}

/// The alternative of the least cost.
constexpr selection select(const graph_view& graph, const node& of) {
  if (role_of(of.op) == convolution_role::none) return {};
  const alternatives found = alternatives_of(graph, of);
  selection best = found.list[0];
  for (int i = 1; i < found.count; ++i) {
    if (found.list[i].cost < best.cost) best = found.list[i];
  }
  return best;
}

/// Whether two nodes have images of the same extents, and windows at the same places.
constexpr bool have_equal_images(const graph_view& graph, const node& one, const node& other) {
  const convolution_values values = convolution_values_of(graph, one), others = convolution_values_of(graph, other);
  const attributes &a = one.attribute, &b = other.attribute;
  return graph.value_at(values.source).extents == graph.value_at(others.source).extents &&
         graph.value_at(values.destination).extents == graph.value_at(others.destination).extents &&
         a.padding_begin == b.padding_begin && a.padding_end == b.padding_end && a.fused == b.fused && a.adds == b.adds;
}

/// Whether two nodes that read the same weights can read them packed once: in one role, with one norm and bias, and of
/// one format. What kernels of ours read does not depend on an image's extents, and what oneDNN's fast code reads does
/// not with usual windows.
/// requires: both have packed weights.
constexpr bool packs_alike(const graph_view& graph, const node& one, const node& other) {
  const attributes &a = one.attribute, &b = other.attribute;
  if (one.op != other.op || one.chosen.algorithm != other.chosen.algorithm ||
      one.chosen.packed_bytes != other.chosen.packed_bytes || a.groups != b.groups || a.kernel != b.kernel ||
      a.stride != b.stride || a.dilation != b.dilation)
    return false;
  if (role_of(one.op) == convolution_role::forward) {
    if (a.has_bias != b.has_bias || a.folds_norm != b.folds_norm || (a.folds_norm && a.epsilon != b.epsilon))
      return false;
    for (const role is : {role::bias, role::scale, role::shift, role::mean, role::variance})
      if (graph.operand(one, is) != graph.operand(other, is)) return false;
  }
  const convolution_values values = convolution_values_of(graph, one), others = convolution_values_of(graph, other);
  const value &source = graph.value_at(values.source), &destination = graph.value_at(values.destination);
  const value &its_source = graph.value_at(others.source), &its_destination = graph.value_at(others.destination);
  if (source.arrangement != its_source.arrangement || destination.arrangement != its_destination.arrangement ||
      source.extents.spatial_rank() != its_source.extents.spatial_rank())
    return false;
  return algorithm_of(one) != algorithm::checked_primitive || have_equal_images(graph, one, other) ||
         (has_usual_windows(graph, one) && has_usual_windows(graph, other));
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
