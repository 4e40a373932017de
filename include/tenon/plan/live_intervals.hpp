// SPDX-License-Identifier: Apache-2.0
// Intervals: a group's bytes, cut where one value ends and another begins, each with its own live range.
#pragma once

#include <utility>

#include "tenon/core/ordering.hpp"
#include "tenon/plan/alias_groups.hpp"
#include "tenon/plan/spaces.hpp"

namespace tenon {
inline namespace v0 {

/// Intervals as the search for offsets sees them: arrays that are owned elsewhere.
struct interval_view {
  const std::int64_t* begin =
      nullptr;  ///< of each interval, from its group's first byte on; multiples of the alignment
  const std::int64_t* end = nullptr;
  const std::int32_t* first = nullptr;  ///< of each interval the nodes between which it is needed, both included
  const std::int32_t* last = nullptr;
  const std::int32_t* group_begin = nullptr;  ///< of each group its first interval, and behind the last their number
  const std::int64_t* group_bytes = nullptr;  ///< multiples of the alignment
  std::int32_t intervals = 0, groups = 0;
};

/// Bytes of groups that are needed from one node to another, as interval_view says; what is needed twice with a pause
/// between is two intervals.
struct interval_list {
  list<std::int64_t> begin, end;
  list<std::int32_t> first, last;
  list<std::int32_t> group_begin;
  list<std::int64_t> group_bytes;
  list<std::int32_t> of_value;  ///< of each value its group, or -1
  list<std::int64_t> offset;    ///< of each value its first byte in its group

  constexpr std::int32_t group_count() const { return static_cast<std::int32_t>(group_bytes.size()); }
  constexpr std::int32_t interval_count() const { return static_cast<std::int32_t>(begin.size()); }
  constexpr interval_view view() const {
    return {begin.data(),       end.data(),         first.data(),     last.data(),
            group_begin.data(), group_bytes.data(), interval_count(), group_count()};
  }
};

/// Cuts groups into intervals, and numbers the groups anew without the empty ones.
class interval_cutter {
 public:
  /// `alignment` is that of every slot of the arena.
  constexpr interval_cutter(const alias_group_list& groups, const live_ranges& ranges, std::int64_t alignment)
      : groups_(groups),
        alignment_(alignment),
        begin_(groups.begin.data()),
        end_(groups.end.data()),
        first_(ranges.first.data()),
        last_(ranges.last.data()) {}

  /// cost: values, and for each group with values at different places its values times their borders
  constexpr interval_list run() {
    const auto values = static_cast<std::int32_t>(groups_.of_value.size());
    const std::int32_t* const of_value = groups_.of_value.data();
    found_.of_value.assign(groups_.of_value.size(), -1);
    found_.offset.assign(groups_.of_value.size(), 0);
    new_group_ = found_.of_value.data();
    offset_ = found_.offset.data();
    // The values of each group, chained, the last one first.
    list<std::int32_t> next(groups_.of_value.size(), -1), head(static_cast<std::size_t>(groups_.count), -1);
    std::int32_t* const behind = next.data();
    std::int32_t* const last = head.data();
    for (std::int32_t i = 0; i < values; ++i) {
      const std::int32_t group = of_value[i];
      if (group < 0) continue;
      behind[i] = last[group];
      last[group] = i;
    }
    for (std::int32_t group = 0; group < groups_.count; ++group) {
      const std::int32_t value = last[group];
      if (value < 0) continue;
      found_.group_begin.push_back(found_.interval_count());
      if (behind[value] < 0) {
        cut_one(value);
      } else {
        members_.clear();
        for (std::int32_t each = value; each >= 0; each = behind[each]) members_.push_back(each);
        cut();
      }
    }
    found_.group_begin.push_back(found_.interval_count());
    return std::move(found_);
  }

 private:
  constexpr void append(std::int64_t begin, std::int64_t end, std::int32_t first, std::int32_t last) {
    found_.begin.push_back(begin / alignment_ * alignment_);
    found_.end.push_back(round_up(end, alignment_));
    found_.first.push_back(first);
    found_.last.push_back(last);
  }

  constexpr void cut_one(std::int32_t value) {
    new_group_[value] = found_.group_count();
    append(0, end_[value] - begin_[value], first_[value], last_[value]);
    found_.group_bytes.push_back(found_.end.back());
  }

  constexpr void cut() {
    std::int32_t* const member = members_.data();
    const auto count = static_cast<std::int32_t>(members_.size());
    std::int64_t begin = begin_[member[0]], end = end_[member[0]];
    bool one_place = true;
    for (std::int32_t i = 1; i < count; ++i) {
      one_place = one_place && begin_[member[i]] == begin && end_[member[i]] == end;
      begin = lesser(begin, begin_[member[i]]);
      end = greater(end, end_[member[i]]);
    }
    for (std::int32_t i = 0; i < count; ++i) {
      new_group_[member[i]] = found_.group_count();
      offset_[member[i]] = begin_[member[i]] - begin;
    }
    found_.group_bytes.push_back(round_up(end - begin, alignment_));
    sort_elements(members_.data(), members_.size(),
                  [this](std::int32_t a, std::int32_t b) { return first_[a] < first_[b]; });
    if (one_place) {
      bool started = false;
      for (std::int32_t i = 0; i < count; ++i) started = add_life(started, 0, end - begin, member[i]);
      return;
    }
    cut_at_borders(begin);
  }

  // The intervals of a group that begins at `origin`: between two borders no value begins or ends.
  constexpr void cut_at_borders(std::int64_t origin) {
    list<std::int64_t> borders;
    for (const std::int32_t value : members_) {
      borders.push_back(begin_[value]);
      borders.push_back(end_[value]);
    }
    sort_elements(borders.data(), borders.size(), [](std::int64_t a, std::int64_t b) { return a < b; });
    std::size_t different = 1;
    for (std::size_t i = 1; i < borders.size(); ++i) {
      if (borders.first[i] != borders.first[different - 1]) borders.first[different++] = borders.first[i];
    }
    // The values between each border and the next, chained; as members_ are sorted by live range, so are these.
    list<std::int32_t> heads(different, -1), held, next;
    for (std::size_t i = members_.size(); i-- > 0;) {
      const std::int32_t value = members_.first[i];
      std::size_t low = 0, high = different;
      while (low + 1 < high) {
        const std::size_t middle = (low + high) / 2;
        (borders.first[middle] <= begin_[value] ? low : high) = middle;
      }
      for (; borders.first[low] < end_[value]; ++low) {
        held.push_back(value);
        next.push_back(heads.first[low]);
        heads.first[low] = static_cast<std::int32_t>(held.count) - 1;
      }
    }
    for (std::size_t i = 0; i + 1 < different; ++i) {
      const std::int64_t begin = borders.first[i] - origin, end = borders.first[i + 1] - origin;
      bool started = false;
      for (std::int32_t each = heads.first[i]; each >= 0; each = next.first[each]) {
        started = add_life(started, begin, end, held.first[each]);
      }
    }
  }

  // Bytes are needed during the live range of one more value, in order of live ranges: the last interval of the bytes
  // goes on, or a new one begins. Gives true.
  constexpr bool add_life(bool started, std::int64_t begin, std::int64_t end, std::int32_t value) {
    if (started && first_[value] <= found_.last.back()) {
      found_.last.back() = greater(found_.last.back(), last_[value]);
    } else {
      append(begin, end, first_[value], last_[value]);
    }
    return true;
  }

  const alias_group_list& groups_;
  std::int64_t alignment_;
  // In constant evaluation a call costs as much as several accesses, hence pointers.
  const std::int64_t *begin_, *end_;
  const std::int32_t *first_, *last_;
  std::int32_t* new_group_ = nullptr;
  std::int64_t* offset_ = nullptr;
  interval_list found_;
  list<std::int32_t> members_;  // of the present group
};

}  // namespace v0
}  // namespace tenon
