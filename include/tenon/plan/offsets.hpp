// SPDX-License-Identifier: Apache-2.0
// Where each group lies in the arena.
#pragma once

#include <algorithm>

#include "tenon/plan/atoms.hpp"

namespace tenon {
inline namespace v0 {

/// The greatest sum of bytes that atoms need at one node: no arena can be smaller.
constexpr std::int64_t live_bytes(const atom_list& atoms, std::int32_t node_count) {
  list<std::int64_t> change(static_cast<std::size_t>(node_count) + 2, 0);
  for (std::size_t i = 0; i < atoms.begin.size(); ++i) {
    change[static_cast<std::size_t>(atoms.first[i])] += atoms.end[i] - atoms.begin[i];
    change[static_cast<std::size_t>(atoms.last[i]) + 1] -= atoms.end[i] - atoms.begin[i];
  }
  std::int64_t live = 0, most = 0;
  for (std::int64_t difference : change) {
    live += difference;
    most = std::max(most, live);
  }
  return most;
}

/// Places groups one by one in the order given, each as low as it fits between the placed atoms that live at the same
/// time; gives the arena's size.
constexpr std::int64_t place_groups(const atom_list& atoms, const list<std::int32_t>& order,
                                    list<std::int64_t>& offsets) {
  std::int64_t arena = 0;
  list<std::int32_t> placed;  // atoms by rising address
  list<std::int64_t> begins;
  const auto at = [](std::int32_t i) { return static_cast<std::size_t>(i); };
  for (std::int32_t group : order) {
    std::int64_t base = 0;
    const std::int32_t from = atoms.group_begin[at(group)], to = atoms.group_begin[at(group) + 1];
    for (std::int32_t mine = from, settled = 0; settled < to - from; mine = mine + 1 == to ? from : mine + 1) {
      const std::int32_t first = atoms.first[at(mine)], last = atoms.last[at(mine)];
      const std::int64_t begin = atoms.begin[at(mine)], end = atoms.end[at(mine)];
      const std::int64_t before = base;
      for (std::size_t i = 0; i < placed.size(); ++i) {
        const auto other = at(placed[i]);
        if (atoms.first[other] > last || atoms.last[other] < first) continue;
        if (begins[i] >= base + end) break;
        const std::int64_t behind = begins[i] + atoms.end[other] - atoms.begin[other];
        if (behind > base + begin) base = behind - begin;
      }
      settled = base == before ? settled + 1 : 1;
    }
    offsets[at(group)] = base;
    arena = std::max(arena, base + atoms.group_bytes[at(group)]);
    for (std::int32_t mine = from; mine < to; ++mine) {
      const std::int64_t begin = base + atoms.begin[at(mine)];
      std::size_t position = placed.size();
      placed.push_back(mine);
      begins.push_back(begin);
      for (; position > 0 && begins[position - 1] > begin; --position) {
        placed[position] = placed[position - 1];
        begins[position] = begins[position - 1];
      }
      placed[position] = mine;
      begins[position] = begin;
    }
  }
  return arena;
}

/// Finds an offset for every group: the greatest first, and if that leaves holes, the longest-lived first; the better
/// stays.
constexpr std::int64_t assign_offsets(const atom_list& atoms, std::int32_t node_count, list<std::int64_t>& offsets) {
  const auto at = [](std::int32_t i) { return static_cast<std::size_t>(i); };
  offsets.assign(at(atoms.group_count()), 0);
  list<std::int32_t> order(at(atoms.group_count()), 0), life(at(atoms.group_count()), 0);
  for (std::int32_t i = 0; i < atoms.group_count(); ++i) {
    order[at(i)] = i;
    for (std::int32_t a = atoms.group_begin[at(i)]; a < atoms.group_begin[at(i) + 1]; ++a)
      life[at(i)] = std::max(life[at(i)], atoms.last[at(a)] - atoms.first[at(a)]);
  }
  const auto bytes = [&](std::int32_t i) { return atoms.group_bytes[at(i)]; };
  std::sort(order.begin(), order.end(),
            [&](std::int32_t a, std::int32_t b) { return bytes(a) != bytes(b) ? bytes(a) > bytes(b) : a < b; });
  const std::int64_t by_size = place_groups(atoms, order, offsets);
  if (by_size <= live_bytes(atoms, node_count)) return by_size;
  list<std::int64_t> other(offsets.size(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return life[at(a)] != life[at(b)] ? life[at(a)] > life[at(b)] : bytes(a) != bytes(b) ? bytes(a) > bytes(b) : a < b;
  });
  const std::int64_t by_life = place_groups(atoms, order, other);
  if (by_life >= by_size) return by_size;
  offsets = std::move(other);
  return by_life;
}

}  // namespace v0
}  // namespace tenon
