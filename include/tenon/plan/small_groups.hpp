// SPDX-License-Identifier: Apache-2.0
// Small groups are packed apart from the others: they are many, and together they are next to nothing.
#pragma once

#include <cstdint>

#include "tenon/plan/live_intervals.hpp"

namespace tenon {
inline namespace v0 {

/// Where small groups lie.
struct small_groups {
  list<std::int64_t> offsets;  ///< of each group, or -1: it is not small
  std::int64_t bytes = 0;      ///< of all, from 0 on
};

/// Packs groups of about the same size into slots, which are used again: a slot is free behind the last node of its
/// group. Most groups of a backward pass hold one number a channel; among the others each would be compared with all
/// that lie below it. The smallest sizes are taken, as many as fit into `most` bytes.
/// ensures: groups that are needed at the same node do not overlap
/// cost: groups + intervals + nodes
class small_group_packer {
 public:
  constexpr small_group_packer(const interval_view& intervals, std::int32_t node_count)
      : intervals_(intervals),
        size_class_(static_cast<std::size_t>(intervals.groups), -1),
        slot_(static_cast<std::size_t>(intervals.groups), -1),
        next_(static_cast<std::size_t>(intervals.groups), -1),
        next_ending_(static_cast<std::size_t>(intervals.groups), -1),
        starting_(static_cast<std::size_t>(node_count) + 2, -1),
        ending_(static_cast<std::size_t>(node_count) + 2, -1),
        slots_(classes, 0),
        free_(classes, -1),
        slot_bytes_(classes, 0) {}

  constexpr small_groups run(std::int64_t most) {
    sort_by_live_range(most);
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(starting_.count); ++i) {
      if (i > 0) release(ending_.first[i - 1]);
      for (std::int32_t group = starting_.first[i]; group >= 0;) {
        const std::int32_t following = next_.first[group];
        take_slot(group);
        group = following;
      }
    }
    return offsets(most);
  }

 private:
  // Four to each power of two.
  static constexpr std::size_t classes = 256;
  static constexpr std::int32_t class_of(std::int64_t bytes) {
    if (bytes < 8) return static_cast<std::int32_t>(bytes);
    const int bits = 64 - __builtin_clzll(static_cast<unsigned long long>(bytes));
    return bits * 4 + static_cast<std::int32_t>(bytes >> (bits - 3) & 3);
  }

  // Chains the groups whose live ranges start at each node, and those whose end there.
  constexpr void sort_by_live_range(std::int64_t most) {
    const std::int32_t *const firsts = intervals_.first, *const lasts = intervals_.last;
    for (std::int32_t group = intervals_.groups - 1; group >= 0; --group) {
      const std::int64_t bytes = intervals_.group_bytes[group];
      if (bytes > most) continue;
      const std::int32_t begin = intervals_.group_begin[group], end = intervals_.group_begin[group + 1];
      std::int32_t first = firsts[begin], last = lasts[begin];
      for (std::int32_t interval = begin + 1; interval < end; ++interval) {
        if (firsts[interval] < first) first = firsts[interval];
        if (lasts[interval] > last) last = lasts[interval];
      }
      const std::int32_t size_class = class_of(bytes);
      size_class_.first[group] = size_class;
      if (bytes > slot_bytes_.first[size_class]) slot_bytes_.first[size_class] = bytes;
      next_.first[group] = starting_.first[first];
      starting_.first[first] = group;
      next_ending_.first[group] = ending_.first[last];
      ending_.first[last] = group;
    }
  }

  constexpr void take_slot(std::int32_t group) {
    std::int32_t& free = free_.first[size_class_.first[group]];
    if (free < 0) {
      slot_.first[group] = slots_.first[size_class_.first[group]]++;
    } else {
      slot_.first[group] = slot_.first[free];
      free = next_.first[free];
    }
  }

  // The slots of groups that have ended are free. Each is known by the group that had it last.
  constexpr void release(std::int32_t group) {
    for (; group >= 0; group = next_ending_.first[group]) {
      std::int32_t& free = free_.first[size_class_.first[group]];
      next_.first[group] = free;
      free = group;
    }
  }

  constexpr small_groups offsets(std::int64_t most) const {
    small_groups found{{size_class_.count, -1}};
    list<std::int64_t> begin(classes, -1);
    for (std::size_t i = 0; i < classes; ++i) {
      const std::int64_t bytes = slots_.first[i] * slot_bytes_.first[i];
      if (found.bytes + bytes > most) break;
      begin.first[i] = found.bytes;
      found.bytes += bytes;
    }
    for (std::int32_t group = 0; group < intervals_.groups; ++group) {
      const std::int32_t size_class = size_class_.first[group];
      if (size_class < 0 || begin.first[size_class] < 0) continue;
      found.offsets.first[group] = begin.first[size_class] + slot_.first[group] * slot_bytes_.first[size_class];
    }
    return found;
  }

  interval_view intervals_;
  // Of each group; `next_` chains those that start at a node, and later those whose slots are free.
  list<std::int32_t> size_class_, slot_, next_, next_ending_;
  list<std::int32_t> starting_, ending_;  // of each node the first group
  list<std::int32_t> slots_, free_;       // of each class the number of slots, and the last one that became free
  list<std::int64_t> slot_bytes_;         // of each class
};

}  // namespace v0
}  // namespace tenon
