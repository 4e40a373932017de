// SPDX-License-Identifier: Apache-2.0
// reorder: a graph's nodes in an order of less memory.
#pragma once

#include "tenon/passes/recompute.hpp"
#include "tenon/plan/live_profile.hpp"
#include "tenon/plan/order_search.hpp"

namespace tenon {
inline namespace v0 {

/// A graph with its nodes in another order; sources stand before all others.
constexpr growing_graph in_order(const graph_view& graph, const list<std::int32_t>& order) {
  graph_copy copy(graph);
  for (const node& current : graph.nodes) {
    if (is_source(current.op)) copy.copy(current);
  }
  for (const std::int32_t i : order) copy.copy(graph.node_at(i));
  copy.copy_outputs();
  return std::move(copy.to);
}

/// Graphs whose order is searched for, sources included: for larger ones a search would exceed what compilers allow for
/// a constant.
constexpr bool is_small(std::size_t nodes) { return nodes <= 64; }

/// The bytes of a graph's arena.
template <class Capabilities>
constexpr std::int64_t arena_of(const graph_view& graph, bool keep_gradients) {
  return make_plan<Capabilities>(graph, {false, keep_gradients}).sizes.arena_bytes;
}

/// Whether one of two orders of a graph takes less memory.
template <class Capabilities>
constexpr bool takes_less(const graph_view& one, const graph_view& other, bool keep_gradients) {
  const auto peak_of = [&](const graph_view& graph) {
    std::int64_t most = 0;
    for (const std::int64_t bytes : find_live_profile<Capabilities>(graph, keep_gradients)) most = greater(most, bytes);
    return most;
  };
  if (peak_of(one) >= peak_of(other)) return false;
  return arena_of<Capabilities>(one, keep_gradients) < arena_of<Capabilities>(other, keep_gradients);
}

/// Whether a graph has more than one order: whether some node does not read what the one before it makes.
constexpr bool has_choice(const graph_view& graph) {
  std::int32_t before = -1;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    if (is_source(current.op)) continue;
    bool reads = before < 0;
    for (int o = 0; o < current.operands.count; ++o)
      reads = reads || graph.operand_value(current, o).producer == before;
    if (!reads) return true;
    before = i;
  }
  return false;
}

/// Puts the nodes of a laid-out graph into an order of less memory, if one is found.
///
///     x -> a (large) -> b (small)                     x, a, c, b, d, concat
///     x -> c (large) -> d (small), concat: b, d   =>  x, a, b, c, d, concat     a and c are never alive at once
///
/// ensures: the same nodes, each behind what it reads, and updates behind what reads the values that they change. Less
///     is alive at once, as find_live_profile counts, or the graph is as it was
/// cost: of an order_search; where it finds another order, twice find_live_profile and two placements
template <class Capabilities>
constexpr growing_graph search_order(const graph_view& graph, bool keep_gradients) {
  order_search<Capabilities> search(graph, keep_gradients);
  growing_graph found;
  if (search.run()) found = in_order(graph, search.order());
  if (!found.nodes.empty() && !takes_less<Capabilities>(found.view(), graph, keep_gradients)) found = growing_graph();
  if (!found.nodes.empty()) return found;
  graph_copy copy(graph);
  for (const node& current : graph.nodes) copy.copy(current);
  copy.copy_outputs();
  return std::move(copy.to);
}

/// The same for a graph that is small and has a choice; others stay as they are.
template <class Capabilities>
constexpr growing_graph reorder(growing_graph graph, bool keep_gradients) {
  if (graph.problem || !is_small(graph.nodes.size()) || !has_choice(graph.view())) return graph;
  return search_order<Capabilities>(graph.view(), keep_gradients);
}

/// The graph of a training step, as it is placed: of a laid-out graph with these retentions.
template <class Capabilities>
constexpr growing_graph step_with(const graph_view& laid_out, const list<retention>& retained, bool keep_gradients) {
  const graph_edits live(laid_out, graph_edits::dead_code::goes);
  return reorder<Capabilities>(recomputer(laid_out, live, retained).run(), keep_gradients);
}

}  // namespace v0
}  // namespace tenon
