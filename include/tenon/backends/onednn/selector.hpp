// SPDX-License-Identifier: Apache-2.0
// The selector: the ways in which a node can be computed, what each costs, and which is taken; constexpr.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/backends/onednn/alignment.hpp"
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
  checked_primitive,  ///< a primitive of oneDNN if it has fast code for it on this processor, else a kernel of ours:
                      ///< known when a program is made, which carries both; program::implementation_of tells
  depthwise,          ///< kernels of ours for depthwise convolutions
  rows,               ///< kernels of ours for few channels, all contiguous
  narrow,             ///< kernels of ours for pointwise convolutions between few contiguous channels and blocked ones
};

constexpr std::string_view name_of(algorithm of) {
  switch (of) {
    case algorithm::kernel:
      return "kernel";
    case algorithm::primitive:
      return "oneDNN";
    case algorithm::checked_primitive:
      return "oneDNN or kernel";
    case algorithm::depthwise:
      return "depthwise kernel";
    case algorithm::rows:
      return "row kernel";
    case algorithm::narrow:
      return "narrow kernel";
  }
  return {};
}

constexpr algorithm algorithm_of(const node& of) { return static_cast<algorithm>(of.computed_by.algorithm); }

/// The ways in which a node can be computed. Of each the bytes are an upper bound for every processor, and the cost is
/// an estimate of its time in multiply-accumulates of a good dense convolution of oneDNN's, which compares the ways of
/// one node: of a way that computes channels of padding, those count; memory that is read and written does not, and
/// neither do the threads.
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
      : graph_(graph),
        of_(of),
        role_(role_of(of.op)),
        values_(convolution_values_of(graph, of)),
        extents_(weight_extents_of(graph, of, values_)),
        grid_(graph.value_at(is_transposed(of.op) ? values_.source : values_.destination).extents) {}

  constexpr alternatives find() const {
    alternatives found;
    const bool any_contiguous = graph_.values.first[values_.source].arrangement == layout::contiguous ||
                                graph_.values.first[values_.destination].arrangement == layout::contiguous;
    const contiguous_sides sides = any_contiguous ? contiguous_sides_of(graph_, of_) : contiguous_sides();
    // The positions of the window in the whole batch.
    const std::int64_t windows = grid_.elements() / grid_.channels();
    const bool sums = role_ == convolution_role::weight_gradient;
    if (sides.source != sides.destination) {
      const std::int64_t narrow = sides.destination ? extents_.out : extents_.in;
      const std::int64_t wide = round_up(sides.destination ? extents_.in : extents_.out, planned_block);
      const std::int64_t cost = windows * narrow * wide;
      add(found, algorithm::narrow, sums ? 4 * kernels::narrow_gradient_sums(narrow, wide) : weight_bytes(), cost);
      return found;
    }
    if (sides.source) {
      const std::int64_t weights = extents_.elements(), cost = windows * weights;
      add(found, algorithm::rows, sums ? 4 * kernels::row_gradient_sums(weights, extents_.out) : weight_bytes(), cost);
      return found;
    }
    const std::int64_t weights = greatest_elements(), bytes = round_up(weights * 4, alignment);
    const std::int64_t cost = windows * weights;
    add(found, has_fast_primitive(graph_, of_) ? algorithm::primitive : algorithm::checked_primitive,
        sums ? bytes + bias_bytes() : greater(bytes, direct_bytes()),
        extents_.is_depthwise() ? primitive_penalty * cost : cost);
    if (has_depthwise_kernels(extents_))
      add(found, algorithm::depthwise, sums ? depthwise_sums() : bytes, kernel_penalty * cost);
    return found;
  }

 private:
  /// A multiply-accumulate of a depthwise convolution, which loads what it uses, takes as long as so many of a dense
  /// one: by oneDNN's primitive, and by kernels of ours.
  static constexpr std::int64_t primitive_penalty = 8, kernel_penalty = 4;

  /// `bytes` are those of a weight gradient's workspace, else of the packed weights without the bias.
  constexpr void add(alternatives& to, algorithm by, std::int64_t bytes, std::int64_t cost) const {
    if (role_ == convolution_role::weight_gradient) return to.add(by, 0, bytes, cost);
    to.add(by, bytes + (adds_bias(of_) ? padded_bias_bytes() : 0), 0, cost);
  }

  /// The weights when channels fill whole blocks of 16, which is an upper bound for every layout that oneDNN may choose
  /// on any processor.
  constexpr std::int64_t greatest_elements() const {
    if (extents_.is_depthwise()) return round_up(extents_.groups, planned_block) * extents_.kernel;
    // oneDNN reads a contiguous source of few channels with weights that are blocked by the other side alone.
    const std::int64_t in = is_stem(graph_, of_) ? extents_.in : round_up(extents_.in, planned_block);
    return extents_.groups * round_up(extents_.out, planned_block) * in * extents_.kernel;
  }
  constexpr std::int64_t weight_bytes() const { return round_up(greatest_elements() * 4, alignment); }

  /// Of weights that a kernel of ours reads in place of a primitive: groups that do not fill blocks grow.
  constexpr std::int64_t direct_bytes() const {
    if (extents_.groups == 1) return 0;
    const bool forward = role_ == convolution_role::forward;
    const std::int64_t to = forward ? extents_.out : extents_.in, from = forward ? extents_.in : extents_.out;
    const std::int64_t most = greater(kernels::packed_direct_weights(extents_.groups, to, from, extents_.kernel, 16),
                                      kernels::packed_direct_weights(extents_.groups, to, from, extents_.kernel, 8));
    return round_up(most * 4, alignment);
  }
  constexpr std::int64_t padded_bias_bytes() const {
    return round_up(graph_.value_at(values_.destination).extents.channels(), planned_block) * 4;
  }
  /// Of a weight gradient in oneDNN's layout that has a bias: its channels may not fill whole blocks.
  constexpr std::int64_t bias_bytes() const { return of_.attribute.has_bias ? padded_bias_bytes() : 0; }

  /// Of a depthwise weight gradient the partial sums.
  constexpr std::int64_t depthwise_sums() const {
    const std::int64_t rows = std::int64_t{grid_.batch()} * grid_.spatial(0) * grid_.spatial(1);
    return 4 * kernels::depthwise_gradient_sums(grid_.channels(), rows, extents_.kernel);
  }

  const graph_view& graph_;
  const node& of_;
  convolution_role role_;
  convolution_values values_;
  weight_extents extents_;
  const shape& grid_;
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
  if (one.op != other.op || one.computed_by.algorithm != other.computed_by.algorithm ||
      one.computed_by.packed_bytes != other.computed_by.packed_bytes || a.groups != b.groups || a.kernel != b.kernel ||
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
  const bool by_primitive =
      algorithm_of(one) == algorithm::primitive || algorithm_of(one) == algorithm::checked_primitive;
  return !by_primitive || have_equal_images(graph, one, other) ||
         (has_usual_windows(graph, one) && has_usual_windows(graph, other));
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
