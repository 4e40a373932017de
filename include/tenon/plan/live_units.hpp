// SPDX-License-Identifier: Apache-2.0
// What each value of a graph adds to the memory that is alive: the bytes that an order of nodes is rated by.
#pragma once

#include "tenon/core/ordering.hpp"
#include "tenon/graph/channel_parts.hpp"
#include "tenon/plan/spaces.hpp"

namespace tenon {
inline namespace v0 {

/// One value that lies in another's bytes: it is alive as long as the other.
struct held_value {
  std::int32_t holder, held;
};

/// One operand that a node's first result may be written over, if it is used there last.
struct overlay {
  std::int32_t node, operand;
};

/// Which bytes of the arena have the same live range, whatever the order of the nodes. Each value has a unit of its
/// own: all its bytes, or what is left of them when it shares some with values that it holds.
///
///     concat: a, b -> c     c holds a and b, its unit is empty    what is alive while c is: the units of a and b
///     split: x -> a, b      x holds a and b, its unit is empty    a unit begins with x
///
/// That more share memory than can is possible, as of a value in two concats; alias_group_finder has the last word.
template <class Capabilities>
class live_units {
 public:
  list<std::int64_t> bytes;  ///< of each value's unit; 0 outside the arena
  list<std::int32_t> maker;  ///< the node with which its unit begins; -1: before the first
  list<std::int64_t> gain;   ///< of each node the bytes of the units that begin with it
  list<held_value> joined;   ///< values held by later ones, the holders in rising order
  list<held_value> sliced;   ///< values held by earlier ones, the holders in rising order
  list<overlay> overlays;    ///< the nodes in rising order
  std::int64_t given = 0;    ///< bytes that are there before the first node

  /// cost: nodes + operands
  constexpr live_units(const graph_view& graph, bool keep_gradients) : graph_(graph) {
    constexpr auto alignment = static_cast<std::int64_t>(Capabilities::alignment);
    places_ = assign_spaces(graph, find_parameter_offsets(graph), keep_gradients);
    const std::size_t count = graph.values.size();
    bytes.assign(count, 0);
    maker.assign(count, -1);
    gain.assign(graph.nodes.size(), 0);
    // While compiling a call costs as much as several accesses, hence pointers.
    const placement* const place = places_.first;
    const node* const nodes = graph.nodes.first;
    std::int64_t* const unit = bytes.first;
    for (std::int32_t i = 0; i < graph.node_count(); ++i) {
      const node& current = nodes[i];
      const std::int32_t first = current.results.begin, behind = first + current.results.count;
      const bool is_given = is_source(current.op);
      for (std::int32_t r = first; r < behind; ++r) {
        if (place[r].space != memory_space::arena) continue;
        unit[r] = place[r].bytes;
        maker.first[r] = is_given ? -1 : i;
      }
      if (is_given) continue;
      if (current.op == operation::concat) {
        join(current);
      } else if (takes_channels(current.op)) {
        slice(current);
      } else if (first < behind && place[first].space == memory_space::arena) {
        const std::int32_t* const read = graph.operands.first + current.operands.begin;
        for (std::int32_t o = 0; o < current.operands.count; ++o) {
          const placement& under = place[read[o]];
          if (under.bytes == place[first].bytes && under.space == memory_space::arena &&
              Capabilities::in_place(graph, current, o)) {
            overlays.push_back({i, read[o]});
          }
        }
      }
    }
    for (std::size_t v = 0; v < count; ++v) {
      if (unit[v] == 0) continue;
      unit[v] = round_up(unit[v], alignment);
      (maker.first[v] < 0 ? given : gain.first[maker.first[v]]) += unit[v];
    }
  }

  /// The bytes of a value with those that it shares.
  constexpr std::int64_t whole_bytes(std::int32_t value) const {
    return round_up(bytes_of_value(value), static_cast<std::int64_t>(Capabilities::alignment));
  }
  /// Whether any value holds another.
  constexpr bool has_wholes() const { return !joined.empty() || !sliced.empty(); }

  /// Makes what is known of values known of their units: a unit has what its value has, and what all have that hold it.
  template <class T, class Join>
  constexpr void spread(T* of, const Join& join) const {
    for (std::size_t i = joined.count; i-- > 0;) join(of[joined.first[i].held], of[joined.first[i].holder]);
    for (std::size_t i = 0; i < sliced.count; ++i) join(of[sliced.first[i].held], of[sliced.first[i].holder]);
  }
  /// Makes what is known of units known of all that hold them.
  template <class T, class Join>
  constexpr void gather(T* of, const Join& join) const {
    for (std::size_t i = sliced.count; i-- > 0;) join(of[sliced.first[i].holder], of[sliced.first[i].held]);
    for (std::size_t i = 0; i < joined.count; ++i) join(of[joined.first[i].holder], of[joined.first[i].held]);
  }

 private:
  constexpr std::int64_t bytes_of_value(std::int32_t value) const { return places_.first[value].bytes; }
  constexpr bool in_arena(std::int32_t value) const { return places_.first[value].space == memory_space::arena; }

  constexpr void join(const node& current) {
    const std::int32_t whole = current.results.begin;
    if (!in_arena(whole)) return;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t part = graph_.operand(current, o);
      bool again = false;
      for (std::int32_t before = 0; before < o; ++before) again = again || graph_.operand(current, before) == part;
      if (again || !in_arena(part) || !Capabilities::joins_in_place(graph_, current, o)) continue;
      joined.push_back({whole, part});
      bytes.first[whole] = greater<std::int64_t>(bytes.first[whole] - bytes_of_value(part), 0);
    }
  }

  constexpr void slice(const node& current) {
    const std::int32_t whole = graph_.operand(current, 0);
    if (!in_arena(whole)) return;
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      const std::int32_t part = current.results[r];
      if (!in_arena(part) || !Capabilities::joins_in_place(graph_, current, r)) continue;
      maker.first[part] = maker.first[whole];
      if (bytes.first[whole] >= bytes_of_value(part)) {
        sliced.push_back({whole, part});
        bytes.first[whole] -= bytes_of_value(part);
      } else {  // what the whole has is held by it: the part keeps it all
        joined.push_back({part, whole});
        bytes.first[part] = 0;
      }
    }
  }

  graph_view graph_;
  list<placement> places_;
};

}  // namespace v0
}  // namespace tenon
