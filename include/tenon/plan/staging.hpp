// SPDX-License-Identifier: Apache-2.0
// make_plan cut into constants: compilers limit how much one constant may take.
#pragma once

#include "tenon/core/sparse_array.hpp"
#include "tenon/plan/plan.hpp"

namespace tenon {
inline namespace v0 {

/// A memory_demand that can be a constant.
struct demand_transfer {
  static constexpr std::size_t most = 1 << 17;
  sparse_array<placement, most> placements;
  sparse_array<std::int64_t, most> packed;
  sparse_array<std::int64_t, most> begin, end, group_bytes, offset;
  sparse_array<std::int32_t, most> first, last, group_begin, of_value;
  plan_view sizes;
  std::int32_t node_count;

  constexpr explicit demand_transfer(const memory_demand& from)
      : placements(from.plan.placements),
        packed(from.plan.packed),
        begin(from.intervals.begin),
        end(from.intervals.end),
        group_bytes(from.intervals.group_bytes),
        offset(from.intervals.offset),
        first(from.intervals.first),
        last(from.intervals.last),
        group_begin(from.intervals.group_begin),
        of_value(from.intervals.of_value),
        sizes(from.plan.sizes),
        node_count(static_cast<std::int32_t>(from.plan.packed.size())) {}

  constexpr interval_view intervals() const {
    return {begin.data(),
            end.data(),
            first.data(),
            last.data(),
            group_begin.data(),
            group_bytes.data(),
            static_cast<std::int32_t>(begin.size()),
            static_cast<std::int32_t>(group_bytes.size())};
  }
};

/// How many intervals a placer looks at in one constant.
inline constexpr std::int64_t visits_of_a_stage = 50'000;

/// The search for offsets up to a pause; `Demand::made` is a demand_transfer.
template <class Demand, int Stage>
struct placing_stage {
  static constexpr placing_state state = [] {
    placer search(Demand::made.intervals(), placing_stage<Demand, Stage - 1>::state);
    search.run(visits_of_a_stage);
    return search.pause();
  }();
};
template <class Demand>
struct placing_stage<Demand, 0> {
  static constexpr placing_state state = [] {
    placer search(Demand::made.intervals(), Demand::made.node_count);
    search.run(visits_of_a_stage);
    return search.pause();
  }();
};

/// Where the search has ended.
template <class Demand, int Stage = 0>
constexpr const placing_state& found_offsets() {
  if constexpr (placing_stage<Demand, Stage>::state.progress.done) {
    return placing_stage<Demand, Stage>::state;
  } else {
    return found_offsets<Demand, Stage + 1>();
  }
}

/// The plan that make_plan would give.
template <std::size_t Nodes, std::size_t Values>
constexpr frozen_plan<Nodes, Values> freeze(const demand_transfer& demand, const placing_state& found) {
  frozen_plan<Nodes, Values> to;
  demand.placements.copy_to(to.placements.data());
  demand.packed.copy_to(to.packed.data());
  place_values(to.placements, demand, found.best.data());
  to.sizes = demand.sizes;
  to.sizes.arena_bytes = found.progress.best_arena;
  return to;
}

}  // namespace v0
}  // namespace tenon
