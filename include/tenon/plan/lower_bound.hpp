// SPDX-License-Identifier: Apache-2.0
// The least memory that any placement of a plan needs, found without the planner's own code.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/core/list.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// What the values of a plan's arena hold. A stretch is content that came into being with one value; where the backend
/// need not copy, a concat holds the stretches of its operands, and a split's results hold parts of its operand's.
/// Stretches are cut into units, of which each value holds all or nothing.
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
    for (const node& current : plan.graph.nodes) describe(current);
    cut();
    for (std::size_t i = 0; i < count; ++i) {
      value_begin.push_back(static_cast<std::int32_t>(units.size()));
      for (std::int32_t p = piece_begin_[i]; p < piece_begin_[i] + piece_count_[i]; ++p) {
        const auto piece = static_cast<std::size_t>(p);
        const auto stretch = static_cast<std::size_t>(stretch_[piece]);
        for (std::int32_t unit = first_unit_[stretch]; unit < first_unit_[stretch + 1]; ++unit) {
          const std::int64_t begin = unit_begin_[static_cast<std::size_t>(unit)];
          if (from_[piece] <= begin && begin < to_[piece]) units.push_back(unit);
        }
      }
    }
    value_begin.push_back(static_cast<std::int32_t>(units.size()));
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
      const std::int64_t begin = std::max<std::int64_t>(from, 0), end = std::min(to, length);
      if (begin < end) append(stretch_[piece], from_[piece] + begin, from_[piece] + end);
      from -= length;
      to -= length;
    }
  }

  constexpr bool in_arena(std::int32_t number) const {
    return plan_.placements[static_cast<std::size_t>(number)].space == memory_space::arena;
  }

  constexpr std::int64_t bytes(std::int32_t number) const {
    return plan_.placements[static_cast<std::size_t>(number)].bytes;
  }

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
        const std::int64_t copied = is_last ? rest : graph.value_at(part).extents.elements() * 4;
        append_new(copied);
        rest -= copied;
      }
    }
  }

  // Cuts every stretch where a value holds a part of it.
  constexpr void cut() {
    list<std::int32_t> cut_stretch;
    list<std::int64_t> cut_at;
    for (std::size_t piece = 0; piece < stretch_.size(); ++piece) {
      for (const std::int64_t border : {from_[piece], to_[piece]}) {
        if (border == 0 || border == stretch_bytes_[static_cast<std::size_t>(stretch_[piece])]) continue;
        cut_stretch.push_back(stretch_[piece]);
        cut_at.push_back(border);
      }
    }
    list<std::int32_t> order(cut_at.size(), 0);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
    std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
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
  list<char> has_neighbours_;                     // of each stretch
  list<std::int32_t> piece_begin_, piece_count_;  // of each value
  list<std::int32_t> stretch_, first_unit_;       // of each piece its stretch; of each stretch its first unit
  list<std::int64_t> from_, to_, unit_begin_;     // of each piece; of each unit
};

/// The greatest sum of bytes alive at one node of a graph: every value counts from the node that makes it to the last
/// that reads it, what several values hold counts once, a result that may be written over a dying operand of its size
/// counts once with it, placement and alignment are ignored. It walks the nodes backward with the units that are alive,
/// and shares no code with the planner.
template <class Capabilities>
constexpr std::int64_t find_lower_bound(const plan_view& plan) {
  const graph_view& graph = plan.graph;
  const content_table<Capabilities> content(plan);
  list<std::int32_t> holders(content.unit_bytes.size(), 0);  // values alive that hold a unit
  list<char> alive(graph.values.size(), 0);
  std::int64_t live = 0;
  const auto in_arena = [&](std::int32_t number) {
    return plan.placements[static_cast<std::size_t>(number)].space == memory_space::arena;
  };
  const auto change = [&](std::int32_t number, char now) {
    char& state = alive[static_cast<std::size_t>(number)];
    if (state == now || !in_arena(number)) return;
    state = now;
    const auto end = static_cast<std::size_t>(content.value_begin[static_cast<std::size_t>(number) + 1]);
    for (auto i = static_cast<std::size_t>(content.value_begin[static_cast<std::size_t>(number)]); i < end; ++i) {
      const auto unit = static_cast<std::size_t>(content.units[i]);
      if (now != 0 && holders[unit]++ == 0) live += content.unit_bytes[unit];
      if (now == 0 && --holders[unit] == 0) live -= content.unit_bytes[unit];
    }
  };
  // Whether nothing that is alive holds any of what a value holds.
  const auto is_free = [&](std::int32_t number) {
    const auto end = static_cast<std::size_t>(content.value_begin[static_cast<std::size_t>(number) + 1]);
    for (auto i = static_cast<std::size_t>(content.value_begin[static_cast<std::size_t>(number)]); i < end; ++i) {
      if (holders[static_cast<std::size_t>(content.units[i])] != 0) return false;
    }
    return true;
  };
  for (std::int32_t output : graph.outputs) change(output, 1);
  std::int64_t most = live;
  for (std::int32_t i = graph.node_count() - 1; i >= 0; --i) {
    const node& current = graph.node_at(i);
    if (is_source(current.op)) continue;
    for (std::int32_t r = 0; r < current.results.count; ++r) change(current.results[r], 1);
    // An operand that is not alive behind this node dies here, and may give its memory to the first result.
    std::int64_t shared = 0;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t operand = graph.operand(current, o);
      if (shared == 0 && current.results.count > 0 && in_arena(current.results[0]) && in_arena(operand) &&
          is_free(operand) && Capabilities::in_place(graph, current, o)) {
        const std::int64_t bytes = plan.placements[static_cast<std::size_t>(operand)].bytes;
        if (bytes == plan.placements[static_cast<std::size_t>(current.results[0])].bytes) shared = bytes;
      }
      change(operand, 1);
    }
    most = std::max(most, live - shared);
    for (std::int32_t r = 0; r < current.results.count; ++r) change(current.results[r], 0);
  }
  // Before the first node all inputs and targets have been copied in.
  std::int64_t given = 0;
  for (const node& current : graph.nodes) {
    if (current.op != operation::input && current.op != operation::target) continue;
    given += plan.placements[static_cast<std::size_t>(current.results[0])].bytes;
  }
  return std::max(most, given);
}

}  // namespace v0
}  // namespace tenon
