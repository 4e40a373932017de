// SPDX-License-Identifier: Apache-2.0
// The bytes of the arena that are alive at each node.
#pragma once

#include "tenon/plan/live_intervals.hpp"

namespace tenon {
inline namespace v0 {

/// Of each node the bytes of the arena that are in use while it runs, and behind the last those that the outputs take:
/// what a placement without gaps needs. Values that share memory count once.
/// cost: as of find_demand
template <class Capabilities>
constexpr list<std::int64_t> find_live_profile(const graph_view& graph, bool keep_gradients) {
  for (const node& current : graph.nodes) keep_gradients = keep_gradients || keeps_gradients(current.op);
  const live_ranges ranges = find_live_ranges(graph);
  const list<placement> places = assign_spaces(graph, find_parameter_offsets(graph), keep_gradients);
  const alias_group_list groups = alias_group_finder<Capabilities>(graph, ranges, places).run();
  const interval_list intervals =
      interval_cutter(groups, ranges, static_cast<std::int64_t>(Capabilities::alignment)).run();
  // What begins and ends at each node, then the sums.
  list<std::int64_t> profile(graph.nodes.size() + 2, 0);
  for (std::int32_t i = 0; i < intervals.interval_count(); ++i) {
    const std::int64_t bytes = intervals.end.first[i] - intervals.begin.first[i];
    profile.first[intervals.first.first[i]] += bytes;
    profile.first[intervals.last.first[i] + 1] -= bytes;
  }
  for (std::size_t i = 1; i < profile.size(); ++i) profile.first[i] += profile.first[i - 1];
  profile.pop_back();
  return profile;
}

}  // namespace v0
}  // namespace tenon
