// SPDX-License-Identifier: Apache-2.0
// When each value is alive.
#pragma once

#include <vector>

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// The nodes between which a value is alive, both included. Inputs and targets are alive from the start, because they
/// are copied in before the first node runs; outputs to the end, because they are read after the last.
struct lifetime {
  std::int32_t first = 0;
  std::int32_t last = 0;
};

/// The lifetime of every value. Cost: nodes + operands.
constexpr std::vector<lifetime> find_lifetimes(const graph_view& graph) {
  std::vector<lifetime> lives(graph.values.size(), lifetime{});
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    const std::int32_t made = is_source(current.op) ? 0 : i;
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      lives[static_cast<std::size_t>(current.results[r])] = {made, made};
    }
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      lives[static_cast<std::size_t>(graph.operand(current, o))].last = i;
    }
  }
  for (std::int32_t output : graph.outputs) lives[static_cast<std::size_t>(output)].last = graph.node_count();
  return lives;
}

}  // namespace v0
}  // namespace tenon
