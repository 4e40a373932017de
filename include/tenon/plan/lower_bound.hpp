// SPDX-License-Identifier: Apache-2.0
// The least memory that any placement of a plan needs, found without the planner's own code.
#pragma once

#include <cstdint>

#include "tenon/core/list.hpp"
#include "tenon/core/ordering.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// Which bytes each value of a plan's arena holds. Values that the backend need not copy share bytes: a concat's
/// operands with its result, a split's operand with its results. Bytes are cut into units, of which each value holds
/// all or none.
template <class Capabilities>
class content_table {
 public:
  list<std::int64_t> unit_bytes;
  list<std::int32_t>
      value_begin;  ///< of each value its first entry in `units`, and behind the last the entries' number
  list<std::int32_t> units;

  constexpr explicit content_table(const plan_view& plan) : plan_(plan) {
    const std::size_t count = plan.graph.values.size();
    piece_begin_.assign(count, 0);
    piece_count_.assign(count, 0);
    for (const node& current : plan.graph.nodes) {
      if (!is_source(current.op) || in_arena(current.results[0])) describe(current);
    }
    cut();
    // While compiling a call costs as much as several accesses, hence pointers.
    value_begin.assign(count + 1, 0);
    const std::int32_t *const stretches = stretch_.data(), *const first_unit = first_unit_.data();
    const std::int32_t *const piece_begin = piece_begin_.data(), *const piece_count = piece_count_.data();
    const std::int64_t* const unit_begin = unit_begin_.data();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::int32_t piece = piece_begin[i]; piece < piece_begin[i] + piece_count[i]; ++piece) {
        const std::int32_t stretch = stretches[piece], behind = first_unit[stretch + 1];
        const std::int64_t from = from_.data()[piece], to = to_.data()[piece];
        for (std::int32_t unit = first_unit[stretch]; unit < behind; ++unit) {
          if (from <= unit_begin[unit] && unit_begin[unit] < to) units.push_back(unit);
        }
      }
      value_begin.data()[i + 1] = static_cast<std::int32_t>(units.size());
    }
  }

 private:
  // Bytes [from, to) of a stretch, the next of the present value.
  constexpr void append(std::int32_t stretch, std::int64_t from, std::int64_t to) {
    stretch_.push_back(stretch);
    from_.push_back(from);
    to_.push_back(to);
  }

  constexpr void append_new(std::int64_t bytes) {
    append(static_cast<std::int32_t>(stretch_bytes_.size()), 0, bytes);
    stretch_bytes_.push_back(bytes);
  }

  // Bytes [from, to) of what another value holds.
  constexpr void append_part(std::size_t of, std::int64_t from, std::int64_t to) {
    const std::int32_t last = piece_begin_[of] + piece_count_[of];
    for (std::int32_t p = piece_begin_[of]; p < last; ++p) {
      const auto piece = static_cast<std::size_t>(p);
      const std::int64_t length = to_[piece] - from_[piece];
      const std::int64_t begin = greater<std::int64_t>(from, 0), end = lesser(to, length);
      if (begin < end) append(stretch_[piece], from_[piece] + begin, from_[piece] + end);
      from -= length;
      to -= length;
    }
  }

  constexpr bool in_arena(std::int32_t number) const {
    return plan_.placements.first[number].space == memory_space::arena;
  }

  constexpr std::int64_t bytes(std::int32_t number) const { return plan_.placements.first[number].bytes; }

  constexpr void describe(const node& current) {
    const graph_view& graph = plan_.graph;
    // A split's and a concat's parts follow one another from this channel on.
    std::int64_t channel = current.op == operation::concat_gradient ? current.attribute.index : 0;
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      const std::int32_t number = current.results[r];
      const auto result = static_cast<std::size_t>(number);
      if (!in_arena(number)) continue;
      piece_begin_[result] = static_cast<std::int32_t>(stretch_.size());
      const shape& extents = graph.value_at(number).extents;
      const bool takes = current.op == operation::split || current.op == operation::concat_gradient;
      if (takes && in_arena(graph.operand(current, 0)) && Capabilities::joins_in_place(graph, current, r)) {
        const std::int64_t from = channel * extents.spatial_elements() * 4;
        append_part(static_cast<std::size_t>(graph.operand(current, 0)), from, from + bytes(number));
      } else if (current.op == operation::concat) {
        append_operands(current, bytes(number));
      } else {
        append_new(bytes(number));
      }
      if (takes) channel += extents.channels();
      piece_count_[result] = static_cast<std::int32_t>(stretch_.size()) - piece_begin_[result];
    }
  }

  // What the result of a concat holds: what has to be copied is new.
  constexpr void append_operands(const node& current, std::int64_t result_bytes) {
    const graph_view& graph = plan_.graph;
    std::int64_t rest = result_bytes;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t part = graph.operand(current, o);
      bool again = false;
      for (std::int32_t before = 0; before < o; ++before) again = again || graph.operand(current, before) == part;
      if (!again && in_arena(part) && Capabilities::joins_in_place(graph, current, o)) {
        append_part(static_cast<std::size_t>(part), 0, bytes(part));
        rest -= bytes(part);
      } else {
        const bool is_last = o + 1 == current.operands.count;
        const std::int64_t copied = is_last ? rest : bytes_of(graph.value_at(part).extents);
        append_new(copied);
        rest -= copied;
      }
    }
  }

  // Cuts every stretch where a value holds a part of it.
  constexpr void cut() {
    list<std::int32_t> cut_stretch;
    list<std::int64_t> cut_at;
    const std::int32_t* const stretches = stretch_.data();
    const std::int64_t *const from = from_.data(), *const to = to_.data(), *const bytes = stretch_bytes_.data();
    for (std::size_t piece = 0; piece < stretch_.size(); ++piece) {
      const std::int32_t whole = stretches[piece];
      if (from[piece] == 0 && to[piece] == bytes[whole]) continue;
      for (const std::int64_t border : {from[piece], to[piece]}) {
        if (border == 0 || border == bytes[whole]) continue;
        cut_stretch.push_back(whole);
        cut_at.push_back(border);
      }
    }
    list<std::int32_t> order(cut_at.size(), 0);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
    sort_elements(order.data(), order.size(), [&](std::int32_t a, std::int32_t b) {
      const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
      return cut_stretch[i] != cut_stretch[j] ? cut_stretch[i] < cut_stretch[j] : cut_at[i] < cut_at[j];
    });
    std::size_t next = 0;
    for (std::size_t stretch = 0; stretch < stretch_bytes_.size(); ++stretch) {
      first_unit_.push_back(static_cast<std::int32_t>(unit_bytes.size()));
      std::int64_t begin = 0;
      for (; next < order.size(); ++next) {
        const auto here = static_cast<std::size_t>(order[next]);
        if (cut_stretch[here] != static_cast<std::int32_t>(stretch)) break;
        if (cut_at[here] > begin) append_unit(begin, cut_at[here]);
        begin = cut_at[here];
      }
      append_unit(begin, stretch_bytes_[stretch]);
    }
    first_unit_.push_back(static_cast<std::int32_t>(unit_bytes.size()));
  }

  constexpr void append_unit(std::int64_t begin, std::int64_t end) {
    unit_begin_.push_back(begin);
    unit_bytes.push_back(end - begin);
  }

  plan_view plan_;
  list<std::int64_t> stretch_bytes_;
  list<std::int32_t> piece_begin_, piece_count_;  // of each value
  list<std::int32_t> stretch_, first_unit_;       // of each piece its stretch; of each stretch its first unit
  list<std::int64_t> from_, to_, unit_begin_;     // of each piece; of each unit
};

/// The greatest sum of bytes alive at one node of a graph: every value counts from the node that makes it to the last
/// that reads it, what several values hold counts once, a result that may be written over an operand at its last use of
/// its size counts once with it, placement and alignment are ignored. It walks the nodes backward with the units that
/// are alive, and shares no code with the planner.
template <class Capabilities>
constexpr std::int64_t find_lower_bound(const plan_view& plan) {
  const graph_view& graph = plan.graph;
  const content_table<Capabilities> content(plan);
  list<std::int32_t> holders(content.unit_bytes.size(), 0);  // values alive that hold a unit
  list<char> alive(graph.values.size(), 0);
  std::int64_t live = 0;
  // While compiling a call costs as much as several accesses, hence pointers.
  const placement* const place = plan.placements.first;
  const std::int32_t *const value_begin = content.value_begin.data(), *const units = content.units.data();
  const std::int64_t* const unit_bytes = content.unit_bytes.data();
  std::int32_t* const held_by = holders.data();
  char* const is_alive = alive.data();
  // requires: it lies in the arena
  const auto change = [&](std::int32_t number, char now) {
    if (is_alive[number] == now) return;
    is_alive[number] = now;
    for (std::int32_t i = value_begin[number]; i < value_begin[number + 1]; ++i) {
      const std::int32_t unit = units[i];
      if (now != 0 && held_by[unit]++ == 0) live += unit_bytes[unit];
      if (now == 0 && --held_by[unit] == 0) live -= unit_bytes[unit];
    }
  };
  // Whether nothing that is alive holds any of what a value holds.
  const auto is_free = [&](std::int32_t number) {
    for (std::int32_t i = value_begin[number]; i < value_begin[number + 1]; ++i) {
      if (held_by[units[i]] != 0) return false;
    }
    return true;
  };
  for (std::int32_t output : graph.outputs) {
    if (place[output].space == memory_space::arena) change(output, 1);
  }
  std::int64_t most = live;
  for (std::int32_t i = graph.node_count() - 1; i >= 0; --i) {
    const node& current = graph.nodes.first[i];
    if (is_source(current.op)) continue;
    const std::int32_t result = current.results.begin, behind = result + current.results.count;
    for (std::int32_t r = result; r < behind; ++r) {
      if (place[r].space == memory_space::arena) change(r, 1);
    }
    const bool makes = result < behind && place[result].space == memory_space::arena;
    // An operand that is not alive behind this node is used here last, and may give its memory to the first result.
    std::int64_t shared = 0;
    const std::int32_t* const operands = graph.operands.first + current.operands.begin;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t operand = operands[o];
      if (place[operand].space != memory_space::arena) continue;
      if (makes && shared == 0 && place[operand].bytes == place[result].bytes && is_free(operand) &&
          Capabilities::in_place(graph, current, o)) {
        shared = place[operand].bytes;
      }
      change(operand, 1);
    }
    if (live - shared > most) most = live - shared;
    for (std::int32_t r = result; r < behind; ++r) {
      if (place[r].space == memory_space::arena) change(r, 0);
    }
  }
  // Before the first node all inputs and targets have been copied in.
  std::int64_t given = 0;
  for (const node& current : graph.nodes) {
    if (current.op != operation::input && current.op != operation::target) continue;
    given += plan.placements[static_cast<std::size_t>(current.results[0])].bytes;
  }
  return greater(most, given);
}

}  // namespace v0
}  // namespace tenon
