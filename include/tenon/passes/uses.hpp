// SPDX-License-Identifier: Apache-2.0
// How often each value is used.
#pragma once

#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// How often each value is an operand or an output. Cost: the number of operands.
constexpr list<std::int32_t> count_uses(const graph_view& graph) {
  list<std::int32_t> uses(graph.values.size(), 0);
  for (std::int32_t operand : graph.operands) ++uses[static_cast<std::size_t>(operand)];
  for (std::int32_t output : graph.outputs) ++uses[static_cast<std::size_t>(output)];
  return uses;
}

}  // namespace v0
}  // namespace tenon
