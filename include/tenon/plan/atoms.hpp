// SPDX-License-Identifier: Apache-2.0
// Atoms: a group's bytes, cut where one value ends and another begins, each with its own life.
#pragma once

#include <algorithm>
#include <utility>

#include "tenon/plan/groups.hpp"
#include "tenon/plan/spaces.hpp"

namespace tenon {
inline namespace v0 {

/// Bytes of a group that are needed from one node to another, both included. What is needed twice with a pause between
/// is two atoms.
struct atom_list {
  list<std::int64_t> begin, end;   ///< from the group's first byte on; multiples of slot_alignment
  list<std::int32_t> first, last;  ///< nodes
  list<std::int32_t> group_begin;  ///< of each group its first atom, and behind the last group the number of atoms
  list<std::int64_t> group_bytes;  ///< multiples of slot_alignment
  list<std::int32_t> of_value;     ///< of each value its group, or -1
  list<std::int64_t> offset;       ///< of each value its first byte in its group

  constexpr std::int32_t group_count() const { return static_cast<std::int32_t>(group_bytes.size()); }
  constexpr std::int32_t atom_count() const { return static_cast<std::int32_t>(begin.size()); }
};

/// Cuts groups into atoms, and numbers the groups anew without the empty ones.
class atom_cutter {
 public:
  constexpr atom_cutter(const group_list& groups, const lifetimes& lives) : groups_(groups), lives_(lives) {}

  /// cost: values, and for each group with values at different places its values times their borders
  constexpr atom_list run() {
    const std::size_t values = groups_.of_value.size();
    found_.of_value.assign(values, -1);
    found_.offset.assign(values, 0);
    // The values of each group, in order.
    list<std::int32_t> start(at(groups_.count) + 1, 0);
    for (std::int32_t group : groups_.of_value) {
      if (group >= 0) ++start[at(group) + 1];
    }
    for (std::size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
    list<std::int32_t> next = start;
    members_.assign(at(start[start.size() - 1]), 0);
    for (std::size_t i = 0; i < values; ++i) {
      const std::int32_t group = groups_.of_value[i];
      if (group >= 0) members_[at(next[at(group)]++)] = static_cast<std::int32_t>(i);
    }
    for (std::int32_t group = 0; group < groups_.count; ++group) {
      if (start[at(group)] < start[at(group) + 1]) cut(start[at(group)], start[at(group) + 1]);
    }
    found_.group_begin.push_back(found_.atom_count());
    return std::move(found_);
  }

 private:
  static constexpr std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

  // The group of the values members_[from] to members_[to - 1].
  constexpr void cut(std::int32_t from, std::int32_t to) {
    std::int64_t begin = groups_.begin[at(members_[at(from)])], end = groups_.end[at(members_[at(from)])];
    bool one_place = true;
    for (std::int32_t i = from + 1; i < to; ++i) {
      const auto value = at(members_[at(i)]);
      one_place = one_place && groups_.begin[value] == begin && groups_.end[value] == end;
      begin = std::min(begin, groups_.begin[value]);
      end = std::max(end, groups_.end[value]);
    }
    for (std::int32_t i = from; i < to; ++i) {
      const auto value = at(members_[at(i)]);
      found_.of_value[value] = found_.group_count();
      found_.offset[value] = groups_.begin[value] - begin;
    }
    found_.group_begin.push_back(found_.atom_count());
    found_.group_bytes.push_back(round_up(end - begin, slot_alignment));
    // Sources are alive before values that were made earlier: order by lives.
    for (std::int32_t i = from + 1; i < to; ++i) {
      for (std::int32_t j = i; j > from && first(j) < first(j - 1); --j)
        std::swap(members_[at(j)], members_[at(j - 1)]);
    }
    if (one_place) return append(from, to, begin, begin, end);
    list<std::int64_t> borders;
    for (std::int32_t i = from; i < to; ++i) {
      borders.push_back(groups_.begin[at(members_[at(i)])]);
      borders.push_back(groups_.end[at(members_[at(i)])]);
    }
    std::sort(borders.begin(), borders.end());
    for (std::size_t i = 1; i < borders.size(); ++i) {
      if (borders[i - 1] < borders[i]) append(from, to, begin, borders[i - 1], borders[i]);
    }
  }

  constexpr std::int32_t first(std::int32_t member) const { return lives_.first[at(members_[at(member)])]; }

  // The atoms of bytes in which no value begins or ends.
  constexpr void append(std::int32_t from, std::int32_t to, std::int64_t origin, std::int64_t begin, std::int64_t end) {
    bool started = false;
    for (std::int32_t i = from; i < to; ++i) {
      const auto value = at(members_[at(i)]);
      if (groups_.begin[value] > begin || groups_.end[value] < end) continue;
      if (started && lives_.first[value] <= found_.last[found_.last.size() - 1]) {
        std::int32_t& last = found_.last[found_.last.size() - 1];
        last = std::max(last, lives_.last[value]);
        continue;
      }
      started = true;
      found_.begin.push_back((begin - origin) / slot_alignment * slot_alignment);
      found_.end.push_back(round_up(end - origin, slot_alignment));
      found_.first.push_back(lives_.first[value]);
      found_.last.push_back(lives_.last[value]);
    }
  }

  const group_list& groups_;
  const lifetimes& lives_;
  atom_list found_;
  list<std::int32_t> members_;
};

}  // namespace v0
}  // namespace tenon
