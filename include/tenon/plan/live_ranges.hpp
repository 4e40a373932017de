// SPDX-License-Identifier: Apache-2.0
// When each value is alive.
#pragma once

#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// The nodes between which each value is alive, both included. Inputs and targets are alive from the start, because
/// they are copied in before the first node runs; outputs to the end, because they are read after the last.
struct live_ranges {
  list<std::int32_t> first, last;
};

/// The lifetime of every value. Cost: nodes + operands.
constexpr live_ranges find_live_ranges(const graph_view& graph) {
  live_ranges ranges{{graph.values.size(), 0}, {graph.values.size(), 0}};
  // While compiling a call costs as much as several accesses, hence pointers.
  std::int32_t *const first = ranges.first.data(), *const last = ranges.last.data();
  const std::int32_t* const operands = graph.operands.first;
  std::int32_t i = 0;
  for (const node& current : graph.nodes) {
    if (!is_source(current.op)) {
      const std::int32_t result = current.results.begin, behind = result + current.results.count;
      for (std::int32_t r = result; r < behind; ++r) first[r] = last[r] = i;
      const std::int32_t read = current.operands.begin, end = read + current.operands.count;
      for (std::int32_t o = read; o < end; ++o) last[operands[o]] = i;
    }
    ++i;
  }
  for (std::int32_t output : graph.outputs) ranges.last[static_cast<std::size_t>(output)] = graph.node_count();
  return ranges;
}

}  // namespace v0
}  // namespace tenon
