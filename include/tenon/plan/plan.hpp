// SPDX-License-Identifier: Apache-2.0
// make_plan: a laid-out graph gets its memory.
#pragma once

#include <array>

#include "tenon/core/ordering.hpp"
#include "tenon/plan/lower_bound.hpp"
#include "tenon/plan/offsets.hpp"
#include "tenon/plan/packed_weights.hpp"

namespace tenon {
inline namespace v0 {

/// A plan that owns its tables; made while compiling (then frozen) or at run time.
struct growing_plan {
  list<placement> placements;
  list<std::int64_t> packed;
  plan_view sizes;  ///< its spans are not set

  constexpr plan_view view(const graph_view& graph) const { return sizes.with(graph, placements, packed); }
};

/// A plan of fixed size, which may be a constant.
template <std::size_t Nodes, std::size_t Values>
struct frozen_plan {
  std::array<placement, Values> placements{};
  std::array<std::int64_t, Nodes> packed{};
  plan_view sizes{};

  constexpr plan_view view(const graph_view& graph) const { return sizes.with(graph, placements, packed); }
};

struct plan_options {
  bool has_loss = false;  ///< the graph's first output is the loss
  bool keep_gradients = false;
};

/// All of a plan but the offsets in the arena: spaces, and the intervals for which offsets are to be found.
struct memory_demand {
  growing_plan plan;  ///< values of the arena lie at 0
  interval_list intervals;
};

/// The first of the nodes at the end of a step that only bring gradients into parameters.
constexpr std::int32_t first_update_of(const graph_view& graph) {
  std::int32_t i = graph.node_count();
  for (; i > 0; --i) {
    const node& before = graph.node_at(i - 1);
    const bool updates = is_update(before.op) && before.op != operation::running_statistics;
    if (!updates && !is_source(before.op) && before.op != operation::clip_norm) break;
  }
  return i;
}

/// cost: nodes + operands
template <class Capabilities>
constexpr memory_demand find_demand(const graph_view& graph, const plan_options& options) {
  memory_demand demand;
  growing_plan& plan = demand.plan;
  constexpr auto alignment = static_cast<std::int64_t>(Capabilities::alignment);
  const parameter_offsets offsets = find_parameter_offsets(graph);
  bool keep_gradients = options.keep_gradients;
  optimizer_state state;
  for (const node& current : graph.nodes) {
    if (current.op == operation::state) state.add(current);
    if (current.op == operation::accumulate) plan.sizes.accumulated_steps = current.attribute.part;
    keep_gradients = keep_gradients || keeps_gradients(current.op);
  }
  plan.placements = assign_spaces(graph, offsets, keep_gradients);
  const live_ranges ranges = find_live_ranges(graph);
  const alias_group_list groups = alias_group_finder<Capabilities>(graph, ranges, plan.placements).run();
  demand.intervals = interval_cutter(groups, ranges, alignment).run();
  packed_places packed = place_packed_weights<Capabilities>(graph);
  plan.packed = std::move(packed.offsets);
  plan.sizes.packed_bytes = packed.bytes;
  plan.sizes.parameter_bytes = offsets.parameter_bytes;
  plan.sizes.buffer_bytes = offsets.buffer_bytes;
  plan.sizes.optimizer_bytes = state.bytes(offsets);
  plan.sizes.gradient_bytes = keep_gradients ? offsets.trained_bytes : 0;
  if (options.has_loss) {
    plan.sizes.loss = graph.outputs[0];
    plan.sizes.loss_node = loss_node_of(graph);
    plan.sizes.update_node = first_update_of(graph);
  }
  return demand;
}

/// Adds to the places of the arena's values where their groups lie. `Intervals` says of each value its group, or -1,
/// and where it begins in that.
template <class Intervals>
constexpr void place_values(std::span<placement> places, const Intervals& intervals,
                            const std::int64_t* group_offsets) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::int32_t group = intervals.of_value[i];
    if (group >= 0) places[i].offset = group_offsets[group] + intervals.offset[i];
  }
}

/// Gives every value of a laid-out graph its place: spaces, live_ranges, groups, offsets.
/// ensures: a value holds what was written for it until its last reader has run
template <class Capabilities>
constexpr growing_plan make_plan(const graph_view& graph, const plan_options& options) {
  memory_demand demand = find_demand<Capabilities>(graph, options);
  placer search(demand.intervals.view(), graph.node_count());
  search.run();
  demand.plan.sizes.arena_bytes = search.arena_bytes();
  place_values(demand.plan.placements, demand.intervals, search.offsets().data());
  return std::move(demand.plan);
}

/// The bytes of activations that are alive across the boundary between the forward and the backward pass, inputs and
/// targets left out; memory that several values share counts once.
constexpr std::int64_t find_saved_bytes(const plan_view& plan) {
  const live_ranges ranges = find_live_ranges(plan.graph);
  list<placement> saved;
  for (std::size_t i = 0; i < ranges.first.size(); ++i) {
    const bool crosses = ranges.first[i] <= plan.loss_node && ranges.last[i] > plan.loss_node;
    const operation producer = plan.graph.node_at(plan.graph.values[i].producer).op;
    if (crosses && plan.placements[i].space == memory_space::arena && !is_source(producer) &&
        static_cast<std::int32_t>(i) != plan.loss) {
      saved.push_back(plan.placements[i]);
    }
  }
  sort_elements(saved.data(), saved.size(), [](const placement& a, const placement& b) { return a.offset < b.offset; });
  std::int64_t sum = 0, end = 0;
  for (const placement& each : saved) {
    const std::int64_t begin = greater(each.offset, end);
    end = greater(end, each.offset + each.bytes);
    sum += greater<std::int64_t>(end - begin, 0);
  }
  return sum;
}

}  // namespace v0
}  // namespace tenon
