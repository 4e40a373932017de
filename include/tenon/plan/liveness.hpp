// SPDX-License-Identifier: Apache-2.0
// When each value is alive.
#pragma once

#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// The nodes between which each value is alive, both included. Inputs and targets are alive from the start, because
/// they are copied in before the first node runs; outputs to the end, because they are read after the last.
struct lifetimes {
  list<std::int32_t> first, last;
};

/// The lifetime of every value. Cost: nodes + operands.
constexpr lifetimes find_lifetimes(const graph_view& graph) {
  lifetimes lives{{graph.values.size(), 0}, {graph.values.size(), 0}};
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    const std::int32_t made = is_source(current.op) ? 0 : i;
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      const auto number = static_cast<std::size_t>(current.results[r]);
      lives.first[number] = lives.last[number] = made;
    }
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      lives.last[static_cast<std::size_t>(graph.operand(current, o))] = i;
    }
  }
  for (std::int32_t output : graph.outputs) lives.last[static_cast<std::size_t>(output)] = graph.node_count();
  return lives;
}

}  // namespace v0
}  // namespace tenon
