// SPDX-License-Identifier: Apache-2.0
// Blocks: values of the arena that share memory because one is written over another.
#pragma once

#include <vector>

#include "tenon/plan/liveness.hpp"
#include "tenon/plan/plan_view.hpp"
#include "tenon/plan/spaces.hpp"

namespace tenon {
inline namespace v0 {

/// Memory for one value, or for several of one size of which each is written over the one before.
struct block {
  std::int64_t bytes = 0;
  lifetime life;
  std::int64_t offset = 0;
};

/// The blocks of an arena, and of each value its block or -1.
struct block_list {
  std::vector<block> blocks;
  std::vector<std::int32_t> of_value;
};

/// Puts every value of the arena into a block: a result goes over an operand that dies at its node, where the backend
/// can work in place and the sizes are equal.
/// cost: values + operands
template <class Capabilities>
constexpr block_list find_blocks(const graph_view& graph, const std::vector<placement>& places) {
  const std::vector<lifetime> lives = find_lifetimes(graph);
  block_list list;
  list.of_value.assign(graph.values.size(), -1);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      const auto number = static_cast<std::size_t>(current.results[r]);
      if (places[number].space != memory_space::arena) continue;
      std::int32_t& mine = list.of_value[number];
      const std::int64_t bytes = round_up(places[number].bytes, slot_alignment);
      for (std::int32_t o = 0; r == 0 && mine < 0 && o < current.operands.count; ++o) {
        const std::int32_t candidate = list.of_value[static_cast<std::size_t>(graph.operand(current, o))];
        if (candidate < 0) continue;
        block& under = list.blocks[static_cast<std::size_t>(candidate)];
        if (under.life.last != i || under.bytes != bytes || !Capabilities::in_place(graph, current, o)) continue;
        mine = candidate;
        under.life.last = lives[number].last;
      }
      if (mine >= 0) continue;
      mine = static_cast<std::int32_t>(list.blocks.size());
      list.blocks.push_back({bytes, lives[number], 0});
    }
  }
  return list;
}

}  // namespace v0
}  // namespace tenon
