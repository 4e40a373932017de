// SPDX-License-Identifier: Apache-2.0
// Addresses: where each alias group lies in the arena, as an offset from its beginning.
#pragma once

#include <utility>

#include "tenon/core/ordering.hpp"
#include "tenon/core/sparse_array.hpp"
#include "tenon/plan/small_groups.hpp"

namespace tenon {
inline namespace v0 {

/// How far the search for offsets has come.
struct placing_progress {
  std::int64_t bound = 0;         ///< the most bytes that are needed at one node
  std::int64_t floor = 0;         ///< groups are placed from here on up; below lie the small ones
  std::int64_t arena = 0;         ///< of what is placed so far
  std::int64_t best_arena = -1;   ///< of the best offsets for all groups, -1: none yet
  std::int64_t least = -1;        ///< while shuffling: of the large groups alone, in the best order so far
  std::int64_t visits = 0;        ///< intervals that were looked at; a step counts as some
  std::int64_t last_visit = 0;    ///< when an order that is found while placing, or the shuffling, gives up
  std::int32_t attempt = 0;       ///< the number of the order that is tried
  std::int32_t next = 0;          ///< position in the order of the group to be placed
  std::int32_t large = 0;         ///< while shuffling: how many groups of the order are large
  std::int32_t segment = 1;       ///< how many nodes share a chain of intervals
  std::int32_t from = 0, to = 0;  ///< the shuffling's last exchange
  std::int32_t top = 0;           ///< the position of the large group that lay highest in the best order so far
  std::uint32_t random = 1;
  std::int32_t share = 32;  ///< while shuffling: how small a part of the bound a large group takes
  bool mirrors = false;     ///< addresses count downwards, from the arena's end
  bool completes = false;   ///< the shuffling has ended, and what is not large is placed
  bool done = false;
};

/// A placer between two constant evaluations.
struct placing_state {
  placing_progress progress;
  sparse_array<std::int32_t, (1 << 16)> order, lowest, above;
  sparse_array<std::int64_t, (1 << 16)> address, offsets, best;
};

///     address
///        ^      +------------+
///        |      |     C      |      each group lies as low as none of its intervals overlaps
///        |   +--+--+------+--+      a placed one that is needed at the same node
///        |   |  A  |  B   |
///        +---+-----+------+---> nodes
///
/// Finds an address in the arena, an offset, for every group. Groups are placed one by one in some order, each as low
/// as no interval of it meets a placed interval that is needed at the same time. Several orders are tried, the best
/// stays, and the search ends where an arena comes close to the bytes that are needed at one node. If none does, the
/// order of the large groups is shuffled for a while. Groups that together are next to nothing are packed before and
/// lie below all others.
///
/// The search can pause after any group, so that a long one is cut into several constants.
/// cost: for each order, pairs of intervals
class placer {
 public:
  constexpr placer(const interval_view& intervals, std::int32_t node_count) : intervals_(intervals) {
    at_.bound = find_bound(node_count);
    offsets_.assign(at(intervals_.groups), 0);
    best_.assign(at(intervals_.groups), 0);
    address_.assign(at(intervals_.intervals), 0);
    lowest_.assign(segments + 1, -1);
    above_.assign(at(intervals_.intervals), -1);
    at_.segment = intervals_.intervals < few_intervals ? node_count + 1 : node_count / segments + 1;
    set_small_aside(node_count);
    sort_order();
    start();
  }

  constexpr placer(const interval_view& intervals, const placing_state& paused)
      : intervals_(intervals), at_(paused.progress) {
    order_.append(paused.order.data(), paused.order.size());
    lowest_.append(paused.lowest.data(), paused.lowest.size());
    above_.append(paused.above.data(), paused.above.size());
    address_.append(paused.address.data(), paused.address.size());
    offsets_.append(paused.offsets.data(), paused.offsets.size());
    best_.append(paused.best.data(), paused.best.size());
  }

  constexpr placing_state pause() const {
    return {at_,
            sparse_array<std::int32_t, (1 << 16)>(order_),
            sparse_array<std::int32_t, (1 << 16)>(lowest_),
            sparse_array<std::int32_t, (1 << 16)>(above_),
            sparse_array<std::int64_t, (1 << 16)>(address_),
            sparse_array<std::int64_t, (1 << 16)>(offsets_),
            sparse_array<std::int64_t, (1 << 16)>(best_)};
  }

  /// Goes on until all is done, or so many intervals more have been looked at.
  constexpr void run(std::int64_t visits) {
    const std::int64_t last = at_.visits + visits;
    while (!at_.done && at_.visits < last) step();
  }
  constexpr void run() {
    while (!at_.done) step();
  }

  constexpr bool done() const { return at_.done; }
  constexpr std::int64_t arena_bytes() const { return at_.best_arena; }
  /// Of each group its offset.
  constexpr const list<std::int64_t>& offsets() const { return best_; }

 private:
  // What the shuffling may cost, where the orders that are tried first leave holes.
  static constexpr std::int64_t shuffling_visits = 150'000;
  static constexpr std::int32_t least_share = 32, most_share = 64;
  static constexpr std::int32_t orders = 7, by_bytes = 1, lowest_first = orders - 2;
  // The last two, which are found while placing, take time that grows with the square of the groups.
  static constexpr std::size_t most_lowest_first = 256;
  static constexpr std::int64_t lowest_first_visits = 250'000;
  // What a step costs besides the intervals that it looks at, which counts where few groups are placed over and over.
  static constexpr std::int64_t visits_of_a_step = 8;

  // Placed intervals are chained by address, for each segment of the nodes those that live in it alone, and all others.
  static constexpr std::int32_t segments = 32;
  // So few share one chain, for looking at a chain costs as much as looking at some intervals.
  static constexpr std::int32_t few_intervals = 256;

  static constexpr std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

  constexpr std::int64_t find_bound(std::int32_t node_count) const {
    list<std::int64_t> change(at(node_count) + 2, 0);
    for (std::int32_t i = 0; i < intervals_.intervals; ++i) {
      const std::int64_t bytes = intervals_.end[i] - intervals_.begin[i];
      change.first[intervals_.first[i]] += bytes;
      change.first[intervals_.last[i] + 1] -= bytes;
    }
    std::int64_t live = 0, most = 0;
    for (const std::int64_t difference : change) {
      live += difference;
      if (live > most) most = live;
    }
    return most;
  }

  constexpr void set_small_aside(std::int32_t node_count) {
    const small_groups small = small_group_packer(intervals_, node_count).run(at_.bound / 512);
    at_.floor = small.bytes;
    for (std::int32_t i = 0; i < intervals_.groups; ++i) {
      offsets_.first[i] = small.offsets.first[i];
      if (small.offsets.first[i] < 0) order_.push_back(i);
    }
  }

  // An arena that need not be improved.
  constexpr bool is_close(std::int64_t arena) const { return arena <= at_.bound + at_.bound / 256 + at_.floor; }

  // The orders that are tried. 0: by the power of two of the bytes, of equal ones the longer live range first. 1, and
  // behind the last: by the bytes themselves. 2: of equal ones the shorter first. 3: by bytes times live range. 4: by
  // first use, large groups before all others. 5: as 1, but always the group that fits lowest. 6: as 5, from the
  // arena's end: ranges of short and long then nest. Where groups are few, 1 is tried before 0.
  constexpr void sort_order() {
    std::int32_t attempt = at_.attempt < orders ? at_.attempt : by_bytes;
    if (at_.attempt <= by_bytes && !has_many()) attempt = by_bytes - at_.attempt;
    list<std::int64_t> major(at(intervals_.groups), 0), minor(at(intervals_.groups), 0);
    const std::int32_t *const firsts = intervals_.first, *const lasts = intervals_.last;
    for (const std::int32_t i : order_) {
      const std::int32_t begin = intervals_.group_begin[i], behind = intervals_.group_begin[i + 1];
      std::int64_t first = firsts[begin], last = lasts[begin];
      for (std::int32_t a = begin + 1; a < behind; ++a) {
        if (firsts[a] < first) first = firsts[a];
        if (lasts[a] > last) last = lasts[a];
      }
      const std::int64_t bytes = intervals_.group_bytes[i], length = last - first + 1;
      major.first[i] = attempt == 0                  ? power_of_two(bytes)
                       : attempt == 3                ? bytes * length
                       : attempt == 4 && is_large(i) ? at_.bound * 2 - first
                                                     : bytes;
      minor.first[i] = attempt == 2 ? -length : length;
    }
    const std::int64_t *const by = major.first, *const then = minor.first;
    sort_elements(order_.data(), order_.size(), [by, then](std::int32_t a, std::int32_t b) {
      return by[a] != by[b] ? by[a] > by[b] : then[a] != then[b] ? then[a] > then[b] : a < b;
    });
  }

  static constexpr std::int64_t power_of_two(std::int64_t bytes) {
    return 63 - __builtin_clzll(static_cast<unsigned long long>(bytes | 1));
  }

  constexpr bool is_lowest_first() const { return at_.attempt == lowest_first || at_.attempt == lowest_first + 1; }

  constexpr bool has_many() const { return order_.size() > most_lowest_first; }
  constexpr bool is_large(std::int32_t group, std::int32_t share = least_share) const {
    return intervals_.group_bytes[group] * share > at_.bound;
  }

  constexpr void step() {
    at_.visits += visits_of_a_step;
    const bool shuffles = at_.attempt == orders && !at_.completes;
    if (shuffles && (at_.next == at_.large || (at_.least >= 0 && at_.arena > at_.least))) return judge();
    // An attempt may end before all is placed: it cannot become the best any more.
    const bool is_worse = at_.attempt < orders && at_.best_arena >= 0 && at_.arena >= at_.best_arena;
    const bool is_late = is_lowest_first() && at_.visits > at_.last_visit;
    if (is_worse || is_late || at(at_.next) == order_.size()) return end_attempt();
    if (is_lowest_first() && !brings_lowest_forward()) return;
    place(order_[at(at_.next++)]);
  }

  // Lets that group be the next which can lie lowest. What has been placed since a group was looked at can only raise
  // it: then false, and another may be the lowest.
  constexpr bool brings_lowest_forward() {
    std::int32_t* const order = order_.first;
    std::int64_t* const least = offsets_.first;  // of each group that is not placed
    const auto count = static_cast<std::int32_t>(order_.count);
    std::int32_t found = at_.next;
    for (std::int32_t i = at_.next + 1; i < count; ++i) {
      if (least[order[i]] < least[order[found]]) found = i;
    }
    at_.visits += (count - at_.next) / 2;
    const std::int32_t group = order[found];
    const std::int64_t base = lowest_base(group, least[group]);
    const bool is_lowest = base == least[group];
    least[group] = base;
    for (; is_lowest && found > at_.next; --found) order[found] = order[found - 1];
    if (is_lowest) order[at_.next] = group;
    return is_lowest;
  }

  constexpr void end_attempt() {
    if (at(at_.next) == order_.size() && (at_.best_arena < 0 || at_.arena < at_.best_arena)) {
      at_.best_arena = at_.arena;
      best_ = offsets_;
      for (std::size_t i = 0; at_.mirrors && i < order_.size(); ++i) {
        const std::int32_t group = order_[i];
        best_.first[group] = at_.arena - best_.first[group] - intervals_.group_bytes[group] + at_.floor;
      }
    }
    const bool is_good = at_.best_arena <= at_.bound + at_.bound / 50;
    const bool is_last = at_.completes && (is_good || at_.share * 2 > most_share);
    at_.done = is_close(at_.best_arena) || is_last;
    if (at_.done) return;
    if (at_.completes) {
      // The others did not fit between the large ones: with more of them.
      at_.share *= 2;
      return start_shuffling();
    }
    ++at_.attempt;
    if ((is_good || has_many()) && is_lowest_first()) at_.attempt = orders;
    at_.mirrors = at_.attempt == lowest_first + 1;
    sort_order();
    start();
    if (is_lowest_first()) {
      at_.last_visit = at_.visits + lowest_first_visits;
      for (const std::int32_t group : order_) offsets_.first[group] = at_.floor;
    }
    if (at_.attempt == orders) start_shuffling();
  }

  // The fewer are shuffled, the more orders are tried; the others fit between them.
  constexpr void start_shuffling() {
    start();
    at_.last_visit = at_.visits + shuffling_visits;
    at_.least = -1;
    while (at(at_.large) < order_.size() && is_large(order_[at(at_.large)], at_.share)) ++at_.large;
    at_.completes = at_.large < 3;
  }

  constexpr void start() {
    at_.arena = at_.floor;
    at_.next = 0;
    lowest_.assign(segments + 1, -1);
  }

  // The large groups are placed, or lie worse than before already: the last exchange stays or is undone.
  constexpr void judge() {
    const bool stays = at_.least < 0 || at_.arena <= at_.least;
    if (stays) {
      at_.least = at_.arena;
    } else {
      std::swap(order_[at(at_.from)], order_[at(at_.to)]);
    }
    at_.completes = (stays && is_close(at_.arena)) || at_.visits > at_.last_visit;
    if (at_.completes && stays) return;
    if (stays) at_.top = topmost();
    start();
    if (at_.completes) return;
    // Of many groups half of the time what lies on top comes forward.
    const bool lowers = has_many() && draw(2) == 0 && at_.top > 0;
    at_.from = lowers ? at_.top : draw(at_.large);
    at_.to = draw(lowers ? at_.top : at_.large);
    std::swap(order_[at(at_.from)], order_[at(at_.to)]);
  }

  // Which of the large groups ends where the arena does.
  constexpr std::int32_t topmost() const {
    std::int32_t found = 0;
    for (std::int32_t i = 0; i < at_.large; ++i) {
      const std::int32_t group = order_[at(i)];
      if (offsets_[at(group)] + intervals_.group_bytes[group] == at_.arena) found = i;
    }
    return found;
  }

  constexpr std::int32_t draw(std::int32_t limit) {
    at_.random = at_.random * 1664525u + 1013904223u;
    return static_cast<std::int32_t>((at_.random >> 8) % static_cast<std::uint32_t>(limit));
  }

  // Places a group as low as it fits above the floor.
  constexpr void place(std::int32_t group) {
    const std::int32_t from = intervals_.group_begin[group], to = intervals_.group_begin[group + 1];
    const std::int64_t base = lowest_base(group, at_.floor);
    offsets_[at(group)] = base;
    at_.arena = greater(at_.arena, base + intervals_.group_bytes[group]);
    for (std::int32_t mine = from; mine < to; ++mine) insert(mine, base + begin_of(mine, group));
  }

  // Where an interval begins in its group.
  constexpr std::int64_t begin_of(std::int32_t interval, std::int32_t group) const {
    return at_.mirrors ? intervals_.group_bytes[group] - intervals_.end[interval] : intervals_.begin[interval];
  }

  // The least base of a group, from the given one on, at which it meets nothing.
  constexpr std::int64_t lowest_base(std::int32_t group, std::int64_t base) {
    const std::int32_t from = intervals_.group_begin[group], to = intervals_.group_begin[group + 1];
    if (to - from == 1) return lifted(from, base + begin_of(from, group)) - begin_of(from, group);
    met_.assign(at(to - from) * (segments + 1), -1);
    for (std::int32_t mine = from, settled = 0; settled < to - from; mine = mine + 1 == to ? from : mine + 1) {
      const std::int64_t before = base, begin = begin_of(mine, group);
      base = lifted(mine, base + begin, met_.first + (mine - from) * (segments + 1)) - begin;
      settled = base == before ? settled + 1 : 1;
    }
    return base;
  }

  // The least address, from the given one on, at which an interval meets nothing. `met` has for each chain the first
  // interval that lay above when the interval was last lifted: it has not come down since.
  constexpr std::int64_t lifted(std::int32_t mine, std::int64_t address, std::int32_t* met = nullptr) {
    const std::int32_t from = intervals_.first[mine] / at_.segment, to = intervals_.last[mine] / at_.segment;
    // The chain of all that lives longer than a segment, then those of the segments; again while one has raised it.
    std::int32_t settled = 0;
    for (std::int32_t chain = segments; settled < to - from + 2; chain = chain == to ? segments : chain + 1) {
      if (chain > segments) chain = from;
      const std::int64_t before = address;
      const bool has_met = met != nullptr && met[chain] >= 0;
      address = lifted_above(has_met ? met[chain] : lowest_.first[chain], mine, address);
      if (met != nullptr) met[chain] = met_now_;
      settled = address == before ? settled + 1 : 1;
    }
    return address;
  }

  // The same for the intervals of a chain.
  constexpr std::int64_t lifted_above(std::int32_t lowest, std::int32_t mine, std::int64_t begin) {
    const std::int32_t first = intervals_.first[mine], last = intervals_.last[mine];
    std::int64_t end = begin + intervals_.end[mine] - intervals_.begin[mine];
    // While compiling, a member costs several times what a local variable does.
    const std::int32_t *const above = above_.data(), *const firsts = intervals_.first, *const lasts = intervals_.last;
    const std::int64_t *const address = address_.data(), *const begins = intervals_.begin, *const ends = intervals_.end;
    std::int64_t visits = 1;
    met_now_ = -1;
    for (std::int32_t other = lowest; other >= 0; other = above[other]) {
      ++visits;
      if (firsts[other] > last || lasts[other] < first) continue;
      met_now_ = other;
      if (address[other] >= end) break;
      const std::int64_t behind = address[other] + ends[other] - begins[other];
      if (behind <= begin) continue;
      end += behind - begin;
      begin = behind;
    }
    at_.visits += visits;
    return begin;
  }

  // Enters a placed interval into its chain by address.
  constexpr void insert(std::int32_t interval, std::int64_t address) {
    const std::int32_t segment = intervals_.first[interval] / at_.segment;
    std::int32_t& lowest = lowest_.first[segment == intervals_.last[interval] / at_.segment ? segment : segments];
    std::int64_t* const addresses = address_.data();
    std::int32_t* const chain = above_.data();
    addresses[interval] = address;
    std::int32_t below = -1, above = lowest;
    for (; above >= 0 && addresses[above] < address; above = chain[above]) below = above;
    chain[interval] = above;
    (below < 0 ? lowest : chain[below]) = interval;
  }

  interval_view intervals_;
  placing_progress at_;
  list<std::int32_t> order_;    // of groups
  list<std::int32_t> lowest_;   // of each chain the first placed interval by address
  list<std::int32_t> above_;    // of each placed interval the next of its chain by address, or -1
  list<std::int64_t> address_;  // of each placed interval
  list<std::int64_t> offsets_, best_;
  list<std::int32_t> met_;  // of the group that is placed, for each interval and chain: see lifted
  std::int32_t met_now_ = -1;
};

}  // namespace v0
}  // namespace tenon
