// SPDX-License-Identifier: Apache-2.0
// remove_dead: drops nodes that nobody needs, and dropouts that drop nothing.
#pragma once

#include "tenon/graph/growing_graph.hpp"

namespace tenon {
inline namespace v0 {

/// Drops every node of which no result is used, directly or not, by an output, a loss or an update; and dropouts, all
/// of them where the graph `infers`, else those of rate 0.
///
///     x -> conv -> dropout -> output            x -> conv -> output
///       -> relu (unused)                 =>
///
/// Sources stay, so that parameters keep their order and number.
/// requires: nodes in an order in which they can run
/// ensures: the graph computes the same; the numbers of parameters stay
/// cost: nodes + operands
constexpr growing_graph remove_dead(const graph_view& graph, bool infers = false) {
  list<char> needed(graph.values.size(), 0);
  list<char> kept(graph.nodes.size(), 0);
  // While compiling a call costs as much as several accesses, hence pointers.
  char *const is_needed = needed.data(), *const is_kept = kept.data();
  const node* const nodes = graph.nodes.first;
  const std::int32_t* const operands = graph.operands.first;
  for (std::int32_t output : graph.outputs) is_needed[output] = 1;
  for (std::int32_t i = graph.node_count() - 1; i >= 0; --i) {
    const node& current = nodes[i];
    const std::int32_t results = current.results.begin;
    bool keep = false;
    for (std::int32_t r = 0; r < current.results.count; ++r) keep = keep || is_needed[results + r] != 0;
    if (!keep && !is_source(current.op) && !is_update(current.op)) continue;
    is_kept[i] = 1;
    const std::int32_t* const read = operands + current.operands.begin;
    for (std::int32_t o = 0; o < current.operands.count; ++o) is_needed[read[o]] = 1;
  }
  graph_copy copy(graph);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = nodes[i];
    if (is_kept[i] == 0) continue;
    if (current.op == operation::dropout && (infers || current.attribute.rate == 0)) {
      copy.renumber(current.results[0], copy.renumber(graph.operand(current, 0)));
    } else {
      copy.copy(current);
    }
  }
  copy.copy_outputs();
  return std::move(copy.to);
}

}  // namespace v0
}  // namespace tenon
