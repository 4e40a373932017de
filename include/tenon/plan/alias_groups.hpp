// SPDX-License-Identifier: Apache-2.0
// Alias groups: values of the arena that lie at fixed places relative to one another, because some of them share
// memory.
#pragma once

#include <utility>

#include "tenon/graph/channel_parts.hpp"
#include "tenon/plan/live_ranges.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// Of each value its group, or -1 outside the arena, and its first byte and the byte behind its last in the group's own
/// count, which may begin below 0.
struct alias_group_list {
  list<std::int32_t> of_value;
  list<std::int64_t> begin, end;
  std::int32_t count = 0;  ///< some are empty, because they became part of another
};

/// Decides which values share memory, one node after the other:
///
///     bytes of the group   0        64        128
///     node 1: -> a         |   a    |                    what is to become a part of c is written where c will lie
///     node 2: -> b         |   a    |    b    |
///     node 3: concat -> c  |        c         |          nothing is copied
///
///     a result over an operand last used there        relu: x -> y           y lies where x lay
///     parts of a concat side by side, not copied      concat: a, b -> c      a and b lie in c
///     channels where they are, not copied             split: x -> a, b       a and b lie in x
///
/// ensures: where two values of a group overlap while both are alive, they hold the same
/// cost: values + operands, and for each sharing the values of its group
template <class Capabilities>
class alias_group_finder {
 public:
  constexpr alias_group_finder(const graph_view& graph, const live_ranges& ranges, const list<placement>& places)
      : graph_(graph), first_(ranges.first.data()), last_(ranges.last.data()) {
    const std::size_t count = places.size();
    for (list<std::int32_t>* each : {&found_.of_value, &chain_, &heads_, &tails_}) each->assign(count, -1);
    found_.begin.assign(count, 0);
    found_.end.assign(count, 0);
    group_ = found_.of_value.data();
    begin_ = found_.begin.data();
    end_ = found_.end.data();
    next_ = chain_.data();
    head_ = heads_.data();
    tail_ = tails_.data();
    const placement* const place = places.data();
    for (std::size_t i = 0; i < count; ++i) end_[i] = place[i].space == memory_space::arena ? place[i].bytes : -1;
  }

  constexpr alias_group_list run() {
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      const node& current = graph_.nodes.first[i];
      if (current.op == operation::parameter || current.op == operation::buffer) continue;
      if (current.op == operation::concat) {
        join(i, current);
      } else if (takes_channels(current.op)) {
        take(current);
      } else if (!is_source(current.op)) {
        overwrite(i, current);
      }
      for (std::int32_t r = 0; r < current.results.count; ++r) {
        const std::int32_t result = current.results.begin + r;
        if (group_[result] < 0 && end_[result] >= 0) start_group(result);
      }
    }
    return std::move(found_);
  }

 private:
  constexpr bool in_arena(std::int32_t value) const { return end_[value] >= 0; }
  constexpr std::int32_t group(std::int32_t value) const { return group_[value]; }
  constexpr std::int64_t begin(std::int32_t value) const { return begin_[value]; }
  constexpr std::int64_t end(std::int32_t value) const { return end_[value]; }
  constexpr std::int64_t bytes(std::int32_t value) const { return end_[value] - begin_[value]; }

  constexpr void start_group(std::int32_t value) {
    group_[value] = found_.count;
    head_[found_.count] = tail_[found_.count] = value;
    ++found_.count;
  }

  constexpr void enter_group(std::int32_t value, std::int32_t into, std::int64_t from) {
    end_[value] = from + bytes(value);
    begin_[value] = from;
    group_[value] = into;
    next_[tail_[into]] = value;
    tail_[into] = value;
  }

  // Whether a value of the group other than `except` is alive at node i or behind it in the bytes given.
  constexpr bool is_used(std::int32_t of, std::int64_t from, std::int64_t to, std::int32_t i,
                         std::int32_t except) const {
    for (std::int32_t other = head_[of]; other >= 0; other = next_[other]) {
      if (last_[other] >= i && begin(other) < to && from < end(other) && other != except) return true;
    }
    return false;
  }

  // The first result over an operand whose last use is node i.
  constexpr void overwrite(std::int32_t i, const node& current) {
    if (current.results.count == 0 || !in_arena(current.results[0])) return;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t under = graph_.operand(current, o);
      if (group(under) < 0 || last_[under] != i || bytes(under) != bytes(current.results[0])) continue;
      if (!Capabilities::in_place(graph_, current, o)) continue;
      if (is_used(group(under), begin(under), end(under), i, under)) continue;
      return enter_group(current.results[0], group(under), begin(under));
    }
  }

  constexpr std::int64_t part_begin(const node& current, std::int32_t part) const {
    const value& one = graph_.value_at(channel_part(graph_, current, part));
    return first_channel_of(graph_, current, part) * one.extents.spatial_elements() * size_of(one.type);
  }

  // How far the next part of a concat lies behind this one: padding is not counted.
  constexpr std::int64_t part_bytes(std::int32_t part) const {
    const value& one = graph_.value_at(part);
    return one.extents.channels() * one.extents.spatial_elements() * size_of(one.type);
  }

  // Results that lie in the operand. Nothing is written, so nothing can be in the way.
  constexpr void take(const node& current) {
    const std::int32_t whole = graph_.operand(current, 0);
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      if (group(whole) < 0 || !in_arena(current.results[r]) || !Capabilities::joins_in_place(graph_, current, r))
        continue;
      enter_group(current.results[r], group(whole), begin(whole) + part_begin(current, r));
    }
  }

  // The result of a concat: where its parts lie, if they can lie side by side.
  constexpr void join(std::int32_t i, const node& current) {
    const std::int32_t whole = current.results[0];
    list<std::int64_t> begins;  // of the parts that may lie in the result, else -1
    std::int64_t next = 0;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t part = graph_.operand(current, o);
      const bool can = in_arena(whole) && group(part) >= 0 && Capabilities::joins_in_place(graph_, current, o);
      begins.push_back(can ? next : -1);
      next += part_bytes(part);
    }
    // It begins where most of its bytes lie already, as of [a b c] behind [a b].
    std::int32_t into = -1;
    std::int64_t base = 0, most = 0;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      if (begins[static_cast<std::size_t>(o)] < 0) continue;
      const std::int32_t part = graph_.operand(current, o);
      const std::int64_t from = begin(part) - begins[static_cast<std::size_t>(o)];
      // A part alone in its group holds no more than itself.
      const bool is_alone = head_[group(part)] == tail_[group(part)];
      if (is_alone && bytes(part) <= most) continue;
      const std::int64_t lying = lying_bytes(current, begins, group(part), from);
      if (lying <= most || !holds(i, current, begins, group(part), from)) continue;
      into = group(part);
      base = from;
      most = lying;
    }
    if (into >= 0) enter_group(whole, into, base);
    if (group(whole) < 0) return;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t part = graph_.operand(current, o);
      if (begins[static_cast<std::size_t>(o)] < 0 || group(part) == group(whole)) continue;
      const std::int64_t shift = begin(whole) + begins[static_cast<std::size_t>(o)] - begin(part);
      if (fits(part, whole, shift)) merge(group(part), group(whole), shift);
    }
  }

  constexpr bool lies(const node& current, const list<std::int64_t>& begins, std::int32_t o, std::int32_t of,
                      std::int64_t base) const {
    const std::int32_t part = graph_.operand(current, o);
    return begins[static_cast<std::size_t>(o)] >= 0 && group(part) == of &&
           begin(part) == base + begins[static_cast<std::size_t>(o)];
  }

  // How much of a concat's result would not have to be moved if it began at byte `base` of a group.
  constexpr std::int64_t lying_bytes(const node& current, const list<std::int64_t>& begins, std::int32_t of,
                                     std::int64_t base) const {
    std::int64_t sum = 0;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      if (lies(current, begins, o, of, base)) sum += bytes(graph_.operand(current, o));
    }
    return sum;
  }

  // Whether the result of the concat at node i may begin at byte `base` of a group: what is written there must not be
  // alive. Parts that lie in their places already are not written.
  constexpr bool holds(std::int32_t i, const node& current, const list<std::int64_t>& begins, std::int32_t of,
                       std::int64_t base) const {
    std::int64_t from = base;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int64_t to = o + 1 < current.operands.count ? from + part_bytes(graph_.operand(current, o))
                                                             : base + bytes(current.results[0]);
      if (!lies(current, begins, o, of, base) && is_used(of, from, to, i, -1)) return false;
      from = to;
    }
    return true;
  }

  // Whether the group of a part may move into that of the whole, by `shift` bytes.
  constexpr bool fits(std::int32_t part, std::int32_t whole, std::int64_t shift) const {
    for (std::int32_t mine = head_[group(part)]; mine >= 0; mine = next_[mine]) {
      const std::int64_t from = begin(mine) + shift, to = end(mine) + shift;
      for (std::int32_t other = head_[group(whole)]; other >= 0; other = next_[other]) {
        if (from >= end(other) || begin(other) >= to) continue;
        if (last_[mine] < first_[other] || last_[other] < first_[mine]) continue;
        // The whole takes over what is alive in the part's place, for that is the same.
        const std::int64_t overlap_from = from > begin(other) ? from : begin(other),
                           overlap_to = to < end(other) ? to : end(other);
        if (other != whole || overlap_from < begin(part) + shift || overlap_to > end(part) + shift) return false;
      }
    }
    return true;
  }

  constexpr void merge(std::int32_t from, std::int32_t into, std::int64_t shift) {
    for (std::int32_t each = head_[from]; each >= 0; each = next_[each]) {
      group_[each] = into;
      begin_[each] += shift;
      end_[each] += shift;
    }
    next_[tail_[into]] = head_[from];
    tail_[into] = tail_[from];
    head_[from] = tail_[from] = -1;
  }

  graph_view graph_;
  const std::int32_t *first_, *last_;  // the live ranges
  alias_group_list found_;
  list<std::int32_t> chain_, heads_, tails_;  // the values of each group, chained
  // Their elements: in constant evaluation a call costs as much as several accesses.
  std::int32_t *group_ = nullptr, *next_ = nullptr, *head_ = nullptr, *tail_ = nullptr;
  std::int64_t *begin_ = nullptr, *end_ = nullptr;
};

}  // namespace v0
}  // namespace tenon
