// SPDX-License-Identifier: Apache-2.0
// Which values of a graph have gradients: those that depend on a parameter that is trained.
#pragma once

#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Of each value 1 if it depends on a trainable parameter, else 0.
/// requires: nodes in an order in which they can run
/// cost: nodes + operands
constexpr list<char> find_what_needs_gradients(const graph_view& graph) {
  list<char> found(graph.values.size(), 0);
  // While compiling a call costs as much as several accesses, hence pointers.
  char* const needs = found.data();
  const std::int32_t* const operands = graph.operands.first;
  for (const node& current : graph.nodes) {
    if (is_update(current.op)) continue;
    bool depends = current.op == operation::parameter && current.attribute.trainable;
    const range read = current.operands, made = current.results;
    for (std::int32_t o = read.begin; o < read.begin + read.count; ++o) depends = depends || needs[operands[o]] != 0;
    for (std::int32_t r = made.begin; r < made.begin + made.count; ++r) needs[r] = depends ? 1 : 0;
  }
  return found;
}

}  // namespace v0
}  // namespace tenon
