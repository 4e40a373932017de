// SPDX-License-Identifier: Apache-2.0
// remove_dead: drops nodes that nobody needs, and dropouts that drop nothing.
#pragma once

#include "tenon/passes/graph_edits.hpp"

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
constexpr graph_edits without_dead(const graph_view& graph, bool infers = false) {
  graph_edits edits(graph, graph_edits::dead_code::goes);
  const list<std::int32_t>& steps = edits.steps();
  for (std::size_t k = steps.size(); k-- > 0;) {
    const std::int32_t i = steps.data()[k];
    const node& current = graph.nodes.first[i];
    if (current.op != operation::dropout || !(infers || current.attribute.rate == 0)) continue;
    edits.replace(i, edits.operand(current, 0));
  }
  return edits;
}

constexpr growing_graph remove_dead(const graph_view& graph, bool infers = false) {
  return without_dead(graph, infers).applied();
}

}  // namespace v0
}  // namespace tenon
