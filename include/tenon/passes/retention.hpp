// SPDX-License-Identifier: Apache-2.0
// Retentions: which results of the forward pass are kept for the backward pass, and which are recomputed.
#pragma once

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

/// Finds what the backward pass can recompute from what it keeps anyway, at no multiply-accumulates: results of norms,
/// with the activation and the sum fused into them, of activations and of dropouts (an "activated norm"). The norm's
/// own gradient reads the convolution's result, from which norm and activation follow by the statistics of the batch.
/// requires: a differentiated graph
/// cost: nodes + operands
class free_retention_finder {
 public:
  constexpr free_retention_finder(const graph_view& graph, const graph_edits& live)
      : graph_(graph), live_(live), loss_node_(loss_node_of(graph)) {}

  constexpr list<retention> run() {
    list<retention> found(graph_.nodes.size(), retention::kept);
    read_.assign(graph_.values.size(), 0);
    part_of_read_.assign(graph_.values.size(), 0);
    find_what_is_read();
    for (std::int32_t i = 0; i <= loss_node_; ++i) {
      const node& current = graph_.nodes.first[i];
      if (is_free(current.op) && !live_.vanishes(i) && follows_from_what_is_kept(current, found.first))
        found.first[i] = retention::recomputed;
    }
    return found;
  }

 private:
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

  constexpr bool follows_from_what_is_kept(const node& current, const retention* found) const {
    if (part_of_read_.first[current.results.begin] != 0) return false;
    const std::int32_t* const operands = graph_.operands.first + current.operands.begin;
    // Another layout of what is kept is kept itself.
    if (current.op == operation::reorder) return runs_again(operands[0], found);
    // A residual is kept: to recompute it would be to recompute the block before it, and so on back to the first.
    const std::int32_t residual = graph_.operand(current, role::residual);
    if (residual >= 0 && runs_again(residual, found)) return false;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t operand = operands[o];
      if (!runs_again(operand, found) && read_.first[operand] == 0 &&
          !is_source(graph_.nodes.first[graph_.values.first[operand].producer].op))
        return false;
    }
    return true;
  }

  graph_view graph_;
  const graph_edits& live_;
  std::int32_t loss_node_;
  list<char> read_, part_of_read_;
};

}  // namespace v0
}  // namespace tenon
