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

/// Graphs so small that orders are placed to be compared.
constexpr bool is_small(const graph_view& graph) { return graph.node_count() <= 128; }

/// Graphs so large that a search for orders would exceed what compilers allow for a constant: they stay as they are.
constexpr bool is_too_large_to_order(std::size_t nodes) { return nodes > 1000; }

/// How much less another order must take: the offsets of many values have gaps, and of another order others.
constexpr std::int64_t least_gain(const graph_view& graph, std::int64_t bytes) {
  return is_small(graph) ? 0 : bytes / 100;
}

/// How many orders of a small graph are placed, as long as there are gaps.
inline constexpr std::uint64_t most_shuffles = 12;

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
  const std::int64_t less = peak_of(one), more = peak_of(other);
  if (less >= more - least_gain(other, more)) return false;
  if (!is_small(other)) return true;
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

/// Whether an order of less memory is worth a search: whether much of what is alive at the peak might not be. Nothing
/// of it must be made before the node at the peak, or nobody behind needs it.
///
///     a -> peak, a -> b, (peak, b) -> c     b might run behind the peak, and where a chain of nodes has no such b
///                                           there is nothing to search for
///
/// `group_of` has of each value outside the arena -1.
/// cost: nodes + operands, a few accesses each: all networks ask this while compiling
constexpr bool is_order_open(const graph_view& graph, const interval_view& intervals, const std::int32_t* group_of) {
  if (is_too_large_to_order(graph.nodes.size())) return false;
  if (is_small(graph)) return has_choice(graph);
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
    if (values[v].producer > peak) return;
    if (reads[v] == 0) alive.push_back(v);
    reads[v] = how;
  };
  follow[peak] = 1;
  for (std::int32_t i = peak + 1; i < count; ++i) {
    const std::int32_t first = nodes[i].operands.begin, behind = first + nodes[i].operands.count;
    char how = 1;
    for (std::int32_t o = first; o < behind; ++o) {
      if (follow[values[operands[o]].producer] != 0) how = 2;
    }
    if (how == 2) follow[i] = 1;
    for (std::int32_t o = first; o < behind; ++o) {
      const std::int32_t v = operands[o];
      if (group_of[v] >= 0 && reads[v] < how) see(v, how);
    }
  }
  for (const std::int32_t output : graph.outputs) {
    if (group_of[output] >= 0) see(output, 2);
  }
  // What the peak follows from.
  lead[peak] = 1;
  for (std::int32_t i = peak; i >= 0; --i) {
    if (lead[i] == 0) continue;
    const std::int32_t first = nodes[i].operands.begin, behind = first + nodes[i].operands.count;
    for (std::int32_t o = first; o < behind; ++o) lead[values[operands[o]].producer] = 1;
  }
  // To make something later keeps what it is made from, which may take as much: `made_from` has values and their bytes.
  const auto bytes_of_value = [&](std::int32_t v) {
    return bytes_of(values[v].extents, values[v].type, values[v].arrangement);
  };
  std::int64_t open = 0;
  list<std::int32_t> made_from;
  list<std::int64_t> left;
  for (std::int32_t o = 0; o < nodes[peak].operands.count; ++o) {
    const std::int32_t operand = graph.operand(nodes[peak], o);
    if (reads[operand] == 0) reads[operand] = 1;
  }
  for (const std::int32_t v : alive) {
    std::int32_t maker = values[v].producer;
    bool is_early = lead[maker] == 0 && !is_source(nodes[maker].op);
    if (reads[v] == 2 && !is_early) continue;
    std::int64_t bytes = bytes_of_value(v);
    // Back to what the peak follows from, too.
    while (is_early) {
      const std::int32_t first = nodes[maker].operands.begin, behind = first + nodes[maker].operands.count;
      std::int32_t o = first;
      while (o < behind && group_of[operands[o]] < 0) ++o;
      if (o == behind) break;
      const std::int32_t from = operands[o];
      maker = values[from].producer;
      is_early = lead[maker] == 0 && !is_source(nodes[maker].op);
      if (is_early || reads[from] != 0) continue;
      std::size_t at = 0;
      while (at < made_from.size() && made_from.first[at] != from) ++at;
      if (at == made_from.size()) {
        made_from.push_back(from);
        left.push_back(bytes_of_value(from));
      }
      const std::int64_t kept = lesser(left.first[at], bytes);
      left.first[at] -= kept;
      bytes -= kept;
    }
    open += bytes;
  }
  return open > least_gain(graph, most);
}

/// The most bytes of intervals that are alive at once.
constexpr std::int64_t most_alive(const interval_view& intervals, std::int32_t node_count) {
  list<std::int64_t> change(static_cast<std::size_t>(node_count) + 2, 0);
  for (std::int32_t i = 0; i < intervals.intervals; ++i) {
    const std::int64_t bytes = intervals.end[i] - intervals.begin[i];
    change.first[intervals.first[i]] += bytes;
    change.first[intervals.last[i] + 1] -= bytes;
  }
  std::int64_t live = 0, most = 0;
  for (const std::int64_t bytes : change) {
    live += bytes;
    most = greater(most, live);
  }
  return most;
}

/// A graph as it is.
constexpr growing_graph copy_of(const graph_view& graph) {
  graph_copy copy(graph);
  for (const node& current : graph.nodes) copy.copy(current);
  copy.copy_outputs();
  return std::move(copy.to);
}

/// The order that a search proposes for a large graph, which may take more memory than it thinks; as it was if it
/// proposes none.
template <class Capabilities>
constexpr growing_graph propose_order(const graph_view& graph, bool keep_gradients) {
  order_search<Capabilities> search(graph, keep_gradients);
  if (search.run()) return in_order(graph, search.order());
  return copy_of(graph);
}

/// Puts the nodes of a laid-out graph into an order of less memory, if one is found.
///
///     x -> a (large) -> b (small)                     x, a, c, b, d, concat
///     x -> c (large) -> d (small), concat: b, d   =>  x, a, b, c, d, concat     a and c are never alive at once
///
/// ensures: the same nodes, each behind what it reads, and updates behind what reads the values that they change. Less
///     is alive at once, as find_live_profile counts, or the graph is as it was
/// cost: of an order_search; where it finds another order, twice find_live_profile, and of at most 128 nodes placements
template <class Capabilities>
constexpr growing_graph search_order(const graph_view& graph, bool keep_gradients) {
  order_search<Capabilities> search(graph, keep_gradients);
  growing_graph found;
  if (search.run()) found = in_order(graph, search.order());
  if (!found.nodes.empty() && !takes_less<Capabilities>(found.view(), graph, keep_gradients)) found = growing_graph();
  if (is_small(graph)) {
    std::int64_t best = arena_of<Capabilities>(found.nodes.empty() ? graph : found.view(), keep_gradients);
    for (std::uint64_t seed = 1; seed <= most_shuffles && best > search.peak_bytes(); ++seed) {
      if (!search.shuffle(best - 1, seed)) break;
      growing_graph other = in_order(graph, search.order());
      const std::int64_t arena = arena_of<Capabilities>(other.view(), keep_gradients);
      if (arena >= best) continue;
      best = arena;
      found = std::move(other);
    }
  }
  if (!found.nodes.empty()) return found;
  return copy_of(graph);
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
