// SPDX-License-Identifier: Apache-2.0
// Retentions: which results of the forward pass are kept for the backward pass, and which are recomputed.
#pragma once

#include "tenon/core/ordering.hpp"
#include "tenon/graph/work.hpp"
#include "tenon/passes/graph_edits.hpp"

namespace tenon {
inline namespace v0 {

/// Where the backward pass finds the results of a forward node. The statistics of a norm are kept always.
enum class retention : std::uint8_t {
  kept,             ///< in memory, from the forward pass on
  recomputed,       ///< the node runs again, and for readers much later once more
  recomputed_once,  ///< the node runs again for its first reader, and its results stay until the last
};

/// What runs again for one reader serves others that come at most so many nodes later.
inline constexpr std::int32_t most_recompute_distance = 12;

/// Whether an operation normalises or activates: elementwise, and without multiply-accumulates.
constexpr bool is_norm_or_activation(operation op) { return is_norm(op) || op == operation::activation; }

/// Whether nodes of an operation may run in the backward pass too: they change nothing but their results.
constexpr bool can_run_again(operation op) { return phase_of(op) == phase::forward || phase_of(op) == phase::move; }

/// Finds what the backward pass can recompute from what it keeps anyway.
/// requires: a differentiated graph
/// cost: nodes + operands, and to sort the convolutions
class retention_finder {
 public:
  constexpr retention_finder(const graph_view& graph, const graph_edits& live)
      : graph_(graph), live_(live), loss_node_(loss_node_of(graph)) {
    read_.assign(graph.values.size(), 0);
    part_of_read_.assign(graph.values.size(), 0);
    find_what_is_read();
  }

  /// What takes a pass over memory and no multiply-accumulate: results of norms, with the activation and the sum fused
  /// into them, of activations and of dropouts (an "activated norm"). The norm's own gradient reads the convolution's
  /// result, from which norm and activation follow by the statistics of the batch.
  constexpr list<retention> free() {
    may_run_again_.assign(graph_.nodes.size(), 0);
    for (std::int32_t i = 0; i <= loss_node_; ++i) may_run_again_.first[i] = is_free(graph_.nodes.first[i].op);
    keeps_parts_ = true;
    return found();
  }

  /// What adds little work: also concats, poolings, resizes and what else has no multiply-accumulates, and as many
  /// convolutions as add at most so many, those first that take the fewest an element of their results: depthwise
  /// ones, and those of few channels.
  constexpr list<retention> within(std::int64_t added_macs) {
    may_run_again_.assign(graph_.nodes.size(), 0);
    list<std::int64_t> macs(graph_.nodes.size(), 0), macs_an_element(graph_.nodes.size(), 0);
    list<std::int32_t> convolutions;
    for (std::int32_t i = 0; i < loss_node_; ++i) {
      const node& current = graph_.nodes.first[i];
      if (!can_run_again(current.op) || live_.vanishes(i)) continue;
      macs.first[i] = macs_of(graph_, current);
      if (macs.first[i] == 0) {
        may_run_again_.first[i] = 1;
      } else if (read_.first[current.results.begin] != 0) {
        macs_an_element.first[i] = macs.first[i] / graph_.result_value(current).extents.elements();
        convolutions.push_back(i);
      }
    }
    sort_elements(convolutions.data(), convolutions.size(),
                  [&](std::int32_t a, std::int32_t b) { return macs_an_element.first[a] < macs_an_element.first[b]; });
    for (const std::int32_t i : convolutions) {
      if (macs.first[i] > added_macs) continue;
      added_macs -= macs.first[i];
      may_run_again_.first[i] = 1;
    }
    keeps_parts_ = false;
    list<retention> chosen = found();
    // A convolution runs again once.
    for (const std::int32_t i : convolutions)
      if (chosen.first[i] != retention::kept) chosen.first[i] = retention::recomputed_once;
    return chosen;
  }

 private:
  constexpr list<retention> found() const {
    list<retention> chosen(graph_.nodes.size(), retention::kept);
    for (std::int32_t i = 0; i <= loss_node_; ++i) {
      if (may_run_again_.first[i] != 0 && !live_.vanishes(i) && follows_from_what_is_kept(i, chosen.first))
        chosen.first[i] = retention::recomputed;
    }
    return chosen;
  }

  // Which values the backward pass reads, and which lie in concats that it reads.
  constexpr void find_what_is_read() {
    // While compiling a call costs as much as several accesses, hence pointers.
    const std::int32_t* const operands = graph_.operands.first;
    for (std::int32_t i = loss_node_ + 1; i < graph_.node_count(); ++i) {
      if (live_.vanishes(i)) continue;
      const range read = graph_.nodes.first[i].operands;
      for (std::int32_t o = read.begin; o < read.begin + read.count; ++o) read_.first[operands[o]] = 1;
    }
    for (std::int32_t i = loss_node_; i >= 0; --i) {
      const node& current = graph_.nodes.first[i];
      if (current.op != operation::concat || live_.vanishes(i) || read_.first[current.results.begin] == 0) continue;
      if (graph_.result_value(current).extents.batch() != 1) continue;  // its parts are copies
      for (std::int32_t o = 0; o < current.operands.count; ++o) part_of_read_.first[graph_.operand(current, o)] = 1;
    }
  }

  static constexpr bool is_free(operation op) {
    return is_norm(op) || op == operation::activation || op == operation::dropout || op == operation::reorder;
  }

  constexpr bool runs_again(std::int32_t value, const retention* found) const {
    return found[graph_.values.first[value].producer] != retention::kept &&
           value == graph_.nodes.first[graph_.values.first[value].producer].results.begin;
  }

  constexpr bool follows_from_what_is_kept(std::int32_t i, const retention* found) const {
    const node& current = graph_.nodes.first[i];
    if (keeps_parts_ && part_of_read_.first[current.results.begin] != 0) return false;
    const std::int32_t* const operands = graph_.operands.first + current.operands.begin;
    const std::int32_t count = current.operands.count;
    // Another layout of what is kept is kept itself.
    if (current.op == operation::reorder) return runs_again(operands[0], found);
    // What is added is kept: to recompute it would be to recompute the block before it, and so on back to the first.
    const std::int32_t residual = graph_.operand(current, role::residual);
    if (residual >= 0 && runs_again(residual, found)) return false;
    std::int32_t again = 0;
    for (std::int32_t o = 0; o < count; ++o) again += runs_again(operands[o], found) ? 1 : 0;
    if (current.op == operation::add && again > 0) return false;
    // Those parts of a concat that are kept are not more than they were in it.
    if (current.op == operation::concat) return again > 0;
    for (std::int32_t o = 0; o < count; ++o) {
      const std::int32_t operand = operands[o];
      if (!runs_again(operand, found) && read_.first[operand] == 0 &&
          !is_source(graph_.nodes.first[graph_.values.first[operand].producer].op))
        return false;
    }
    return count > 0;
  }

  graph_view graph_;
  const graph_edits& live_;
  std::int32_t loss_node_;
  bool keeps_parts_ = true;  // what lies in a concat that the backward pass reads is kept
  list<char> read_, part_of_read_, may_run_again_;
};

/// What is kept where there is no budget: convolutions that run again add at most 2 % to a step's work.
constexpr list<retention> default_retentions(const graph_view& graph, const graph_edits& live) {
  return retention_finder(graph, live).within(count_macs(graph) / 50);
}

}  // namespace v0
}  // namespace tenon
