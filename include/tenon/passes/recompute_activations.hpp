// SPDX-License-Identifier: Apache-2.0
// recompute_activations: norms and activations are applied once more in the backward pass instead of being kept.
#pragma once

#include "tenon/passes/graph_edits.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {

/// Lets the backward pass make results of norms, with the activation and the sum fused into them, of activations and of
/// dropouts again from what it keeps anyway, at no multiply-accumulates (an "activated norm"): the norm's own gradient
/// reads the convolution's result, from which norm and activation follow by the statistics of the batch.
///
///     x, ... -> batch_norm_training (relu) -> y, mean, variance
///     y -> convolution ... loss ...
///     y, dz -> convolution_weight_gradient
///   =>
///     x, ... -> batch_norm_training (relu) -> y, mean, variance
///     y -> convolution ... loss ...
///     x, ..., mean, variance -> batch_norm (relu) -> again
///     again, dz -> convolution_weight_gradient
///
/// A value is recomputed right before the backward node that reads it, and once more for a reader much later. Nodes
/// that nobody needs, of which differentiation leaves some, can go in the same copy.
/// requires: a differentiated graph; `loss_node` is the node of the loss
/// ensures: the graph computes the same
/// cost: nodes + operands
class activation_recomputer {
 public:
  constexpr activation_recomputer(const graph_view& graph, std::int32_t loss_node, graph_edits::dead_code dead)
      : from_(graph), live_(graph, dead), copy_(graph), loss_node_(loss_node) {}

  constexpr growing_graph run() {
    find_what_is_kept();
    recomputed_.assign(from_.values.size(), -1);
    read_at_.assign(from_.values.size(), 0);
    list<std::int32_t> operands;
    for (present_ = 0; present_ < from_.node_count(); ++present_) {
      if (live_.vanishes(present_)) continue;
      const node& current = from_.nodes.first[present_];
      if (present_ <= loss_node_ || is_source(current.op)) {
        copy_.copy(current);
        continue;
      }
      operands.clear();
      const std::int32_t* const read = from_.operands.first + current.operands.begin;
      for (std::int32_t o = 0; o < current.operands.count; ++o) operands.push_back(value_for_backward(read[o]));
      copy_.copy(current, operands);
    }
    copy_.copy_outputs();
    return std::move(copy_.to);
  }

 private:
  /// A copy serves readers at most so many nodes apart; for later ones the value is recomputed.
  static constexpr std::int32_t most_distance = 12;

  // Whether the backward pass makes a value again, and which values it keeps for its own sake.
  constexpr void find_what_is_kept() {
    kept_.assign(from_.values.size(), 0);
    remade_.assign(from_.values.size(), 0);
    // While compiling a call costs as much as several accesses, hence pointers.
    const std::int32_t* const operands = from_.operands.first;
    for (std::int32_t i = loss_node_ + 1; i < from_.node_count(); ++i) {
      if (live_.vanishes(i)) continue;
      const range read = from_.nodes.first[i].operands;
      for (std::int32_t o = read.begin; o < read.begin + read.count; ++o) kept_.first[operands[o]] = 1;
    }
    list<char> part_of_kept(from_.values.size(), 0);  // of a concat that is kept: it lies there
    for (std::int32_t i = loss_node_; i >= 0; --i) {
      const node& current = from_.nodes.first[i];
      if (current.op != operation::concat || live_.vanishes(i) ||
          kept_[static_cast<std::size_t>(current.results[0])] == 0)
        continue;
      if (from_.result_value(current).extents.batch() != 1) continue;  // its parts are copies
      for (std::int32_t o = 0; o < current.operands.count; ++o) {
        part_of_kept[static_cast<std::size_t>(from_.operand(current, o))] = 1;
      }
    }
    for (std::int32_t i = 0; i <= loss_node_; ++i) {
      const node& current = from_.nodes.first[i];
      if (is_source(current.op) || !is_cheap(current) || live_.vanishes(i)) continue;
      const std::int32_t result = current.results.begin;
      if (part_of_kept.first[result] != 0) continue;
      // A residual is kept: to recompute it would be to recompute the block before it, and so on back to the first.
      const std::int32_t residual = from_.operand(current, role::residual);
      const std::int32_t* const read = operands + current.operands.begin;
      bool can = residual < 0 || remade_.first[residual] == 0;
      for (std::int32_t o = 0; o < current.operands.count && can; ++o) {
        const std::int32_t operand = read[o];
        can = remade_.first[operand] != 0 || kept_.first[operand] != 0 ||
              is_source(from_.nodes.first[from_.values.first[operand].producer].op);
      }
      remade_.first[result] = can ? 1 : 0;
    }
  }

  static constexpr bool is_cheap(const node& of) {
    switch (of.op) {
      case operation::batch_norm:
      case operation::batch_norm_training:
      case operation::group_norm:
      case operation::activation:
      case operation::dropout:
        return true;
      default:
        return false;
    }
  }

  // The new number under which a backward node reads a value.
  constexpr std::int32_t value_for_backward(std::int32_t old) {
    const bool again =
        remade_.first[old] != 0 && kept_.first[old] != 0 && from_.values.first[old].producer <= loss_node_;
    return again ? made_again(old) : copy_.renumbered.first[old];
  }

  constexpr std::int32_t made_again(std::int32_t old) {
    const auto number = static_cast<std::size_t>(old);
    if (recomputed_[number] < 0 || present_ - read_at_[number] > most_distance) {
      const node& maker = from_.node_at(from_.values[number].producer);
      list<std::int32_t> operands;
      for (std::int32_t o = 0; o < maker.operands.count; ++o) {
        const std::int32_t operand = from_.operand(maker, o);
        const bool again = remade_[static_cast<std::size_t>(operand)] != 0;
        operands.push_back(again ? made_again(operand) : copy_.renumber(operand));
      }
      recomputed_[number] = append(maker, operands);
    }
    read_at_[number] = present_;
    return recomputed_[number];
  }

  // A norm by the batch's statistics is recomputed by those statistics, which stand before the residual.
  constexpr std::int32_t append(const node& maker, list<std::int32_t>& operands) {
    operation op = maker.op;
    if (op == operation::batch_norm_training || op == operation::group_norm) {
      op = op == operation::group_norm ? operation::group_norm_given : operation::batch_norm;
      const std::int32_t mean = copy_.renumber(from_.result(maker, role::mean)),
                         variance = copy_.renumber(from_.result(maker, role::variance));
      operands.push_back(mean);
      operands.push_back(variance);
      if (maker.attribute.adds) {
        const std::size_t last = operands.size() - 1;
        const std::int32_t residual = operands[last - 2];
        operands[last - 2] = mean;
        operands[last - 1] = variance;
        operands[last] = residual;
      }
    }
    const value& result = from_.result_value(maker);
    return copy_.to.make(op, operands, maker.attribute, result.extents, maker.scope);
  }

  graph_view from_;
  graph_edits live_;
  graph_copy copy_;
  std::int32_t loss_node_, present_ = 0;
  list<char> kept_, remade_;
  list<std::int32_t> recomputed_, read_at_;  // of each value, its copy in the backward pass, and who read that last
};

constexpr growing_graph recompute_activations(const graph_view& graph, std::int32_t loss_node,
                                              graph_edits::dead_code dead = graph_edits::dead_code::stays) {
  return activation_recomputer(graph, loss_node, dead).run();
}

/// The node of the loss in a training graph, whose first output it is.
constexpr std::int32_t loss_node_of(const graph_view& graph) { return graph.value_at(graph.outputs[0]).producer; }

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
