// SPDX-License-Identifier: Apache-2.0
// What it would take to recompute a kept tensor instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tenon/graph/work.hpp"
#include "tenon/passes/retention.hpp"
#include "tenon/plan/live_ranges.hpp"
#include "tenon/plan/plan_view.hpp"
#include "tenon/report/memory_figures.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Walks from a tensor back to what is alive anyway.
class recomputation_finder {
 public:
  recomputation_finder(const plan_view& plan, const live_ranges& ranges)
      : plan_(plan), ranges_(ranges), seen_(plan.graph.nodes.size(), -1) {}

  /// What would run again right before node `reader`, were the value not kept: the node that makes it, and all that its
  /// operands need that are not alive there themselves. Of norms the statistics are taken as kept, and inputs are.
  recomputation before(std::int32_t value, std::int32_t reader) {
    const graph_view& graph = plan_.graph;
    recomputation found;
    std::vector<std::int32_t> waiting{graph.value_at(value).producer};
    seen_[static_cast<std::size_t>(waiting[0])] = value;
    while (!waiting.empty()) {
      const node& current = graph.node_at(waiting.back());
      waiting.pop_back();
      if (!can_run_again(current.op)) return {};
      ++found.steps;
      found.macs += macs_of(graph, current);
      found.bytes += plan_.placements[static_cast<std::size_t>(current.results[0])].bytes;
      for (std::int32_t o = 0; o < current.operands.count; ++o) {
        const std::int32_t operand = graph.operand(current, o), maker = graph.value_at(operand).producer;
        if (is_source(graph.node_at(maker).op)) continue;
        if (operand != value && ranges_.last.first[operand] >= reader) continue;
        if (seen_[static_cast<std::size_t>(maker)] == value) continue;
        seen_[static_cast<std::size_t>(maker)] = value;
        waiting.push_back(maker);
      }
    }
    return found;
  }

 private:
  plan_view plan_;
  const live_ranges& ranges_;
  std::vector<std::int32_t> seen_;  // of each node the value for which it has been met last
};

}  // namespace detail
}  // namespace v0
}  // namespace tenon
