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
  const auto vanishes = [infers](const node& of) {
    return of.op == operation::dropout && (infers || of.attribute.rate == 0);
  };
  list<char> needed(graph.values.size(), 0);
  list<char> kept(graph.nodes.size(), 0);
  for (std::int32_t output : graph.outputs) needed[static_cast<std::size_t>(output)] = 1;
  for (std::int32_t i = graph.node_count() - 1; i >= 0; --i) {
    const node& current = graph.node_at(i);
    bool keep = is_source(current.op) || is_update(current.op);
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      keep = keep || needed[static_cast<std::size_t>(current.results[r])] != 0;
    }
    if (!keep) continue;
    kept[static_cast<std::size_t>(i)] = 1;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      needed[static_cast<std::size_t>(graph.operand(current, o))] = 1;
    }
  }
  graph_copy copy(graph);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    if (kept[static_cast<std::size_t>(i)] == 0) continue;
    if (vanishes(current)) {
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
