// SPDX-License-Identifier: Apache-2.0
// make_plan: a laid-out graph gets its memory.
#pragma once

#include <array>
#include <vector>

#include "tenon/plan/lower_bound.hpp"
#include "tenon/plan/offsets.hpp"

namespace tenon {
inline namespace v0 {

/// A plan that owns its tables; made while compiling (then frozen) or at run time.
struct growing_plan {
  std::vector<placement> placements;
  std::vector<std::int64_t> packed;
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

template <std::size_t Nodes, std::size_t Values>
constexpr frozen_plan<Nodes, Values> freeze(const growing_plan& from) {
  frozen_plan<Nodes, Values> to;
  for (std::size_t i = 0; i < Values; ++i) to.placements[i] = from.placements[i];
  for (std::size_t i = 0; i < Nodes; ++i) to.packed[i] = from.packed[i];
  to.sizes = from.sizes;
  return to;
}

struct plan_options {
  bool training = false;  ///< the graph's first output is the loss
  bool keep_gradients = false;
};

/// Gives every value of a laid-out graph its place: spaces, lifetimes, groups, offsets.
/// ensures: no two values that live at the same time overlap, except a result with the dying operand it is written over
template <class Capabilities>
constexpr growing_plan make_plan(const graph_view& graph, const plan_options& options) {
  growing_plan plan;
  const parameter_offsets offsets = find_parameter_offsets(graph);
  plan.placements = assign_spaces(graph, offsets, options.keep_gradients);
  const lifetimes lives = find_lifetimes(graph);
  const group_list groups = group_finder<Capabilities>(graph, lives, plan.placements).run();
  const atom_list atoms = atom_cutter(groups, lives).run();
  list<std::int64_t> found;
  plan.sizes.arena_bytes = assign_offsets(atoms, graph.node_count(), found);
  for (std::size_t i = 0; i < atoms.of_value.size(); ++i) {
    if (atoms.of_value[i] < 0) continue;
    plan.placements[i].offset = found[static_cast<std::size_t>(atoms.of_value[i])] + atoms.offset[i];
  }
  std::int32_t states = 0;
  for (const node& current : graph.nodes) {
    const std::int64_t bytes = Capabilities::packed_bytes(graph, current);
    plan.packed.push_back(bytes > 0 ? plan.sizes.packed_bytes : -1);
    plan.sizes.packed_bytes += round_up(bytes, slot_alignment);
    if (current.op == operation::state) states = std::max(states, current.attribute.part + 1);
  }
  plan.sizes.parameter_bytes = offsets.parameter_bytes;
  plan.sizes.buffer_bytes = offsets.buffer_bytes;
  plan.sizes.optimizer_bytes = states * offsets.parameter_bytes;
  plan.sizes.gradient_bytes = options.keep_gradients ? offsets.parameter_bytes : 0;
  if (options.training) {
    plan.sizes.loss = graph.outputs[0];
    plan.sizes.loss_node = graph.value_at(graph.outputs[0]).producer;
  }
  return plan;
}

/// The bytes of activations that are alive across the turn from the forward to the backward pass, inputs and targets
/// left out.
constexpr std::int64_t find_saved_bytes(const plan_view& plan) {
  const lifetimes lives = find_lifetimes(plan.graph);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < lives.first.size(); ++i) {
    const bool crosses = lives.first[i] <= plan.loss_node && lives.last[i] > plan.loss_node;
    const operation producer = plan.graph.node_at(plan.graph.values[i].producer).op;
    if (crosses && plan.placements[i].space == memory_space::arena && !is_source(producer) &&
        static_cast<std::int32_t>(i) != plan.loss) {
      sum += plan.placements[i].bytes;
    }
  }
  return sum;
}

}  // namespace v0
}  // namespace tenon
