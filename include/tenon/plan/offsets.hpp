// SPDX-License-Identifier: Apache-2.0
// Where each block lies in the arena.
#pragma once

#include <algorithm>
#include <vector>

#include "tenon/plan/blocks.hpp"

namespace tenon {
inline namespace v0 {

/// Places blocks one by one in the order given, each as low as it fits between the placed blocks that live at the same
/// time; gives the arena's size.
/// cost: pairs of blocks
constexpr std::int64_t place_blocks(std::vector<block>& blocks, const std::vector<std::int32_t>& order) {
  std::int64_t arena = 0;
  std::vector<std::int32_t> placed;  // by rising offset
  for (std::int32_t number : order) {
    block& current = blocks[static_cast<std::size_t>(number)];
    std::int64_t offset = 0;
    for (std::int32_t other_number : placed) {
      const block& other = blocks[static_cast<std::size_t>(other_number)];
      if (other.life.first > current.life.last || other.life.last < current.life.first) continue;
      if (other.offset >= offset + current.bytes) break;  // the gap before it is wide enough
      offset = std::max(offset, other.offset + other.bytes);
    }
    current.offset = offset;
    arena = std::max(arena, offset + current.bytes);
    std::size_t position = placed.size();
    placed.push_back(number);
    for (; position > 0; --position) {
      const std::int32_t before = placed[position - 1];
      if (blocks[static_cast<std::size_t>(before)].offset <= offset) break;
      placed[position] = before;
    }
    placed[position] = number;
  }
  return arena;
}

/// The greatest sum of block bytes alive at one node: no arena can be smaller.
constexpr std::int64_t live_bytes(const std::vector<block>& blocks, std::int32_t node_count) {
  std::vector<std::int64_t> change(static_cast<std::size_t>(node_count) + 2, 0);
  for (const block& current : blocks) {
    change[static_cast<std::size_t>(current.life.first)] += current.bytes;
    change[static_cast<std::size_t>(current.life.last) + 1] -= current.bytes;
  }
  std::int64_t live = 0, most = 0;
  for (std::int64_t difference : change) {
    live += difference;
    most = std::max(most, live);
  }
  return most;
}

/// Finds an offset for every block: the greatest first, and if that leaves holes, the longest-lived first; the better
/// stays.
constexpr std::int64_t assign_offsets(std::vector<block>& blocks, std::int32_t node_count) {
  std::vector<std::int32_t> order(blocks.size(), 0);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  const auto at = [&](std::int32_t i) -> const block& { return blocks[static_cast<std::size_t>(i)]; };
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return at(a).bytes != at(b).bytes ? at(a).bytes > at(b).bytes : a < b;
  });
  const std::int64_t by_size = place_blocks(blocks, order);
  if (by_size <= live_bytes(blocks, node_count)) return by_size;
  std::vector<block> other = blocks;
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    const std::int32_t life_a = at(a).life.last - at(a).life.first, life_b = at(b).life.last - at(b).life.first;
    return life_a != life_b ? life_a > life_b : at(a).bytes != at(b).bytes ? at(a).bytes > at(b).bytes : a < b;
  });
  const std::int64_t by_life = place_blocks(other, order);
  if (by_life >= by_size) return by_size;
  blocks = std::move(other);
  return by_life;
}

}  // namespace v0
}  // namespace tenon
