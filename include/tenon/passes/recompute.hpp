// SPDX-License-Identifier: Apache-2.0
// recompute: forward nodes run again in the backward pass, so that their results need not be kept for it.
#pragma once

#include "tenon/graph/operand_list.hpp"
#include "tenon/passes/retention.hpp"

namespace tenon {
inline namespace v0 {

/// Lets the backward pass recompute what it is not to find in memory. A node runs again right before the first
/// backward node that needs it, behind those that recompute its own operands; a norm by the batch's statistics does so
/// by the statistics that it found, which are kept, so that running statistics change once.
///
///     x, w -> convolution -> c                                x, w -> convolution -> c
///     c -> batch_norm_training (relu) -> y, mean, variance    c -> batch_norm_training (relu) -> y, mean, variance
///     y -> ... loss ...                                       y -> ... loss ...
///     y, dz -> convolution_weight_gradient                =>  x, w -> convolution -> c'
///     c, dy, mean, variance -> batch_norm_gradient            c', mean, variance -> batch_norm (relu) -> y'
///                                                             y', dz -> convolution_weight_gradient
///                                                             c', dy, mean, variance -> batch_norm_gradient
///
/// Nodes that nobody needs, of which differentiation leaves some, go in the same copy.
/// requires: a differentiated graph; one retention a node, and kept where `can_run_again` says no
/// ensures: the graph computes the same, bit for bit
/// cost: nodes + operands, and the operands of what runs again
class recomputer {
 public:
  constexpr recomputer(const graph_view& graph, const graph_edits& live, const list<retention>& retained)
      : from_(graph), live_(live), copy_(graph), retained_(retained.first), loss_node_(loss_node_of(graph)) {
    again_.assign(graph.values.size(), is_kept);
    read_at_.assign(graph.values.size(), 0);
    for (std::int32_t i = 0; i < loss_node_; ++i) {
      if (retained_[i] == retention::kept) continue;
      const node& current = graph.nodes.first[i];
      // The statistics that a norm has found are kept.
      const std::int32_t count = finds_statistics(current.op) ? 1 : current.results.count;
      for (std::int32_t r = 0; r < count; ++r) again_.first[current.results.begin + r] = is_missing;
    }
  }

  constexpr growing_graph run() {
    list<std::int32_t> operands;
    // While compiling a call costs as much as several accesses, hence pointers.
    const std::int32_t* const again = again_.first;
    copied_at_.assign(from_.nodes.size(), -1);
    for (present_ = 0; present_ < from_.node_count(); ++present_) {
      if (live_.vanishes(present_)) continue;
      const node& current = from_.nodes.first[present_];
      const std::int32_t count = current.operands.count;
      const std::int32_t* const read = from_.operands.first + current.operands.begin;
      std::int32_t o = present_ <= loss_node_ ? count : 0;
      while (o < count && again[read[o]] == is_kept) ++o;
      if (o == count) {
        copied_at_.first[present_] = static_cast<std::int32_t>(copy_.to.nodes.size());
        copy_.copy(current);
        continue;
      }
      operands.clear();
      for (o = 0; o < count; ++o) {
        if (again[read[o]] != is_kept && !is_there(read[o])) run_again(from_.values.first[read[o]].producer);
        operands.push_back(number_of(read[o]));
      }
      copied_at_.first[present_] = static_cast<std::int32_t>(copy_.to.nodes.size());
      copy_.copy(current, operands);
    }
    copy_.copy_outputs();
    return std::move(copy_.to);
  }

  /// Of each node the number of its copy; what runs again for it stands before that. -1: it vanished.
  constexpr const list<std::int32_t>& copied_at() const { return copied_at_; }

 private:
  // Of a value in place of its copy's number: it needs none, or has none yet.
  static constexpr std::int32_t is_kept = -2, is_missing = -1;

  constexpr bool is_there(std::int32_t old) const {
    const std::int32_t again = again_.first[old];
    if (again == is_kept) return true;
    if (again == is_missing) return false;
    return present_ - read_at_.first[old] <= most_recompute_distance ||
           retained_[from_.values.first[old].producer] == retention::recomputed_once;
  }

  // The new number of a value that is there.
  constexpr std::int32_t number_of(std::int32_t old) {
    if (again_.first[old] == is_kept) return copy_.renumbered.first[old];
    read_at_.first[old] = present_;
    return again_.first[old];
  }

  // Appends a node and before it, depth first, all that it needs.
  constexpr void run_again(std::int32_t wanted) {
    list<std::int32_t> waiting;  // a stack: while compiling, calls may not nest as deep as networks are
    waiting.push_back(wanted);
    while (!waiting.empty()) {
      const node& maker = from_.nodes.first[waiting.back()];
      const std::int32_t* const read = from_.operands.first + maker.operands.begin;
      std::int32_t missing = 0;
      while (missing < maker.operands.count && is_there(read[missing])) ++missing;
      if (missing < maker.operands.count) {
        waiting.push_back(from_.values.first[read[missing]].producer);
      } else {
        append(maker);
        waiting.pop_back();
      }
    }
  }

  constexpr void append(const node& maker) {
    list<std::int32_t> operands;
    for (std::int32_t o = 0; o < maker.operands.count; ++o) operands.push_back(number_of(from_.operand(maker, o)));
    node changed = maker;
    if (finds_statistics(maker.op)) {
      changed.op = maker.op == operation::group_norm ? operation::group_norm_given : operation::batch_norm;
      changed.results.count = 1;
      // By the statistics of the batch.
      operand_list given(changed.op, changed.attribute);
      for (std::int32_t o = 0; o < maker.operands.count; ++o) given.set(operand_role(maker, o), operands.first[o]);
      given.set(role::mean, copy_.renumber(from_.result(maker, role::mean)));
      given.set(role::variance, copy_.renumber(from_.result(maker, role::variance)));
      operands.clear();
      operands.append(given.view().first, given.view().count);
    }
    const auto first = static_cast<std::int32_t>(copy_.to.values.size());
    copy_.append(changed, operands);
    for (std::int32_t r = 0; r < changed.results.count; ++r) {
      again_.first[maker.results.begin + r] = first + r;
      read_at_.first[maker.results.begin + r] = present_;
    }
  }

  graph_view from_;
  const graph_edits& live_;
  graph_copy copy_;
  const retention* retained_;
  std::int32_t loss_node_, present_ = 0;
  list<std::int32_t> again_;    // of each value the number of its copy in the backward pass, or is_kept, is_missing
  list<std::int32_t> read_at_;  // and the node that read that last
  list<std::int32_t> copied_at_;
};

}  // namespace v0
}  // namespace tenon
