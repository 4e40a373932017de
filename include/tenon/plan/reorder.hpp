// SPDX-License-Identifier: Apache-2.0
// reorder: a graph's nodes in an order of less memory.
#pragma once

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

/// Graphs so small that an order is placed to be compared.
constexpr bool is_small(const graph_view& graph) { return graph.node_count() <= 64; }

/// How much less another order must take: the offsets of many values have gaps, and of another order others.
constexpr std::int64_t least_gain(const graph_view& graph, std::int64_t bytes) {
  return is_small(graph) ? 0 : bytes / 200;
}

/// Whether one of two orders of a graph takes less memory.
template <class Capabilities>
constexpr bool takes_less(const graph_view& one, const graph_view& other, bool keep_gradients) {
  const auto peak_of = [&](const graph_view& graph) {
    std::int64_t most = 0;
    for (const std::int64_t bytes : find_live_profile<Capabilities>(graph, keep_gradients)) most = greater(most, bytes);
    return most;
  };
  const std::int64_t less = peak_of(one), more = peak_of(other);
  if (less >= more - least_gain(other, more)) return false;
  if (!is_small(other)) return true;
  const auto arena_of = [&](const graph_view& graph) {
    return make_plan<Capabilities>(graph, {false, keep_gradients}).sizes.arena_bytes;
  };
  return arena_of(one) < arena_of(other);
}

/// Whether an order of less memory is worth a search: whether much of what is alive at the peak might not be. Nothing of
/// it must be made before the node at the peak, or nobody behind needs it.
///
///     a -> peak, a -> b, (peak, b) -> c     b might run behind the peak, and where a chain of nodes has no such b
///                                           there is nothing to search for
///
/// `group_of` has of each value outside the arena -1.
/// cost: nodes + operands, a few accesses each: all networks ask this while compiling
constexpr bool is_order_open(const graph_view& graph, const interval_view& intervals, const std::int32_t* group_of) {
  list<std::int64_t> change(graph.nodes.size() + 2, 0);
  // While compiling a call costs as much as several accesses, hence pointers.
  std::int64_t* const changes = change.first;
  for (std::int32_t i = 0; i < intervals.intervals; ++i) {
    const std::int64_t bytes = intervals.end[i] - intervals.begin[i];
    changes[intervals.first[i]] += bytes;
    changes[intervals.last[i] + 1] -= bytes;
  }
  std::int64_t live = 0, most = 0;
  std::int32_t peak = 0;
  const std::int32_t count = graph.node_count();
  for (std::int32_t i = 0; i < count; ++i) {
    live += changes[i];
    if (live > most) most = live, peak = i;
  }
  const node* const nodes = graph.nodes.first;
  const value* const values = graph.values.first;
  const std::int32_t* const operands = graph.operands.first;
  if (is_source(nodes[peak].op)) return false;
  // Behind the peak: what is read, and what is read by nodes that follow from it.
  list<char> read(graph.values.size(), 0), follows(graph.nodes.size(), 0), leads(graph.nodes.size(), 0);
  char *const reads = read.first, *const follow = follows.first, *const lead = leads.first;
  list<std::int32_t> alive;
  const auto see = [&](std::int32_t v, char how) {
    if (group_of[v] < 0 || values[v].producer > peak) return;
    if (reads[v] == 0) alive.push_back(v);
    if (reads[v] < how) reads[v] = how;
  };
  follow[peak] = 1;
  for (std::int32_t i = peak + 1; i < count; ++i) {
    const std::int32_t first = nodes[i].operands.begin, behind = first + nodes[i].operands.count;
    char how = 1;
    for (std::int32_t o = first; o < behind; ++o) {
      if (follow[values[operands[o]].producer] != 0) how = 2;
    }
    if (how == 2) follow[i] = 1;
    for (std::int32_t o = first; o < behind; ++o) see(operands[o], how);
  }
  for (const std::int32_t output : graph.outputs) see(output, 2);
  // What the peak follows from.
  lead[peak] = 1;
  for (std::int32_t i = peak; i >= 0; --i) {
    if (lead[i] == 0) continue;
    const std::int32_t first = nodes[i].operands.begin, behind = first + nodes[i].operands.count;
    for (std::int32_t o = first; o < behind; ++o) lead[values[operands[o]].producer] = 1;
  }
  std::int64_t open = 0;
  for (const std::int32_t v : alive) {
    const std::int32_t producer = values[v].producer;
    if (reads[v] < 2 || (lead[producer] == 0 && !is_source(nodes[producer].op)))
      open += bytes_of(values[v].extents, values[v].type, values[v].arrangement);
  }
  return open > least_gain(graph, most);
}

/// Puts the nodes of a laid-out graph into an order of less memory, if one is found.
///
///     x -> a (large) -> b (small)                     x, a, c, b, d, concat
///     x -> c (large) -> d (small), concat: b, d   =>  x, a, b, c, d, concat     a and c are never alive at once
///
/// ensures: the same nodes, each behind what it reads, and updates behind what reads the values that they change. Less
///     is alive at once, as find_live_profile counts, or the graph is as it was
/// cost: of an order_search; where it finds another order, twice find_live_profile, and of at most 64 nodes a placement
template <class Capabilities>
constexpr growing_graph search_order(const graph_view& graph, bool keep_gradients) {
  order_search<Capabilities> search(graph, keep_gradients);
  if (search.run()) {
    growing_graph other = in_order(graph, search.order());
    if (takes_less<Capabilities>(other.view(), graph, keep_gradients)) return other;
  }
  graph_copy copy(graph);
  for (const node& current : graph.nodes) copy.copy(current);
  copy.copy_outputs();
  return std::move(copy.to);
}

/// The same where it is worth a search.
template <class Capabilities>
constexpr growing_graph reorder(growing_graph graph, bool keep_gradients) {
  if (graph.problem) return graph;
  const memory_demand demand = find_demand<Capabilities>(graph.view(), {false, keep_gradients});
  if (!is_order_open(graph.view(), demand.intervals.view(), demand.intervals.of_value.data())) return graph;
  return search_order<Capabilities>(graph.view(), keep_gradients);
}

}  // namespace v0
}  // namespace tenon
