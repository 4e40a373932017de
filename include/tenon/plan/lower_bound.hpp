// SPDX-License-Identifier: Apache-2.0
// The least memory that any placement of a plan needs, found without the planner's own code.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// The greatest sum of bytes alive at one node of a graph: every value counts from the node that makes it to the last
/// that reads it, a result that may be written over a dying operand of its size counts once with it, placement is
/// ignored. It walks the nodes backward with a set of live values, and shares no code with the planner.
template <class Capabilities>
constexpr std::int64_t find_lower_bound(const plan_view& plan) {
  const graph_view& graph = plan.graph;
  const auto in_arena = [&](std::int32_t number) {
    return plan.placements[static_cast<std::size_t>(number)].space == memory_space::arena;
  };
  const auto bytes = [&](std::int32_t number) {
    return (plan.placements[static_cast<std::size_t>(number)].bytes + 63) / 64 * 64;
  };
  std::vector<char> alive(graph.values.size(), 0);
  std::int64_t live = 0, most = 0;
  const auto revive = [&](std::int32_t number) {
    char& state = alive[static_cast<std::size_t>(number)];
    if (state != 0 || !in_arena(number)) return;
    state = 1;
    live += bytes(number);
  };
  for (std::int32_t output : graph.outputs) revive(output);
  most = live;
  for (std::int32_t i = graph.node_count() - 1; i >= 0; --i) {
    const node& current = graph.node_at(i);
    if (is_source(current.op)) continue;
    for (std::int32_t r = 0; r < current.results.count; ++r) revive(current.results[r]);
    // An operand that is not alive behind this node dies here, and may give its memory to the first result.
    std::int64_t shared = 0;
    bool taken = false;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t operand = graph.operand(current, o);
      const bool dies = in_arena(operand) && alive[static_cast<std::size_t>(operand)] == 0;
      revive(operand);
      if (dies && !taken && current.results.count > 0 && in_arena(current.results[0]) &&
          bytes(operand) == bytes(current.results[0]) && Capabilities::in_place(graph, current, o)) {
        shared = bytes(operand);
        taken = true;
      }
    }
    most = std::max(most, live - shared);
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      char& state = alive[static_cast<std::size_t>(current.results[r])];
      if (state != 0) live -= bytes(current.results[r]);
      state = 0;
    }
  }
  // Before the first node all inputs and targets have been copied in.
  std::int64_t given = 0;
  for (const node& current : graph.nodes) {
    if (current.op == operation::input || current.op == operation::target) given += bytes(current.results[0]);
  }
  return std::max(most, given);
}

}  // namespace v0
}  // namespace tenon
