// SPDX-License-Identifier: Apache-2.0
// Which nodes have to run before which: what an order of a graph's nodes must respect.
#pragma once

#include <cstdint>

#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Of each node the nodes that have to run before it: those that make its operands, and before an update all others
/// that read what it changes, so that every node of a step reads the values from before the step, and the losses, so
/// that a loss which is not finite changes nothing.
///
///     w -> convolution -> ... -> loss    the convolution, its data gradient and the loss run before the update
///     w, dy -> data_gradient -> dx
///     w, dw -> sgd
///
/// Sources are there before the first node and stand in no list. A node may stand in a list more than once.
struct dependences {
  list<std::int32_t> begin;  ///< of each node its first entry in `before`, and behind the last their number
  list<std::int32_t> before;

  /// cost: nodes + operands, and for each update the readers of what it changes
  constexpr explicit dependences(const graph_view& graph) {
    list<std::int32_t> first_reader(graph.values.size(), -1), next_reader(graph.operands.size(), -1);
    list<std::int32_t> reader(graph.operands.size(), -1);
    for (std::int32_t i = 0; i < graph.node_count(); ++i) {
      const range read = graph.node_at(i).operands;
      for (std::int32_t o = read.begin; o < read.begin + read.count; ++o) {
        std::int32_t& first = first_reader.first[graph.operands.first[o]];
        reader.first[o] = i;
        next_reader.first[o] = first;
        first = o;
      }
    }
    list<std::int32_t> losses;
    for (std::int32_t i = 0; i < graph.node_count(); ++i) {
      if (is_loss(graph.node_at(i).op)) losses.push_back(i);
    }
    for (std::int32_t i = 0; i < graph.node_count(); ++i) {
      const node& current = graph.node_at(i);
      begin.push_back(static_cast<std::int32_t>(before.size()));
      if (is_update(current.op)) before.append(losses.first, losses.count);
      for (int o = 0; o < current.operands.count; ++o) {
        const std::int32_t operand = graph.operand(current, o), producer = graph.value_at(operand).producer;
        if (!is_source(graph.node_at(producer).op)) before.push_back(producer);
        if (!is_update(current.op) || !is_changed(operand_role(current, o))) continue;
        for (std::int32_t at = first_reader.first[operand]; at >= 0; at = next_reader.first[at]) {
          const std::int32_t other = reader.first[at];
          // Several updates of one value, as of a shared norm's statistics, keep their order.
          if (other != i && (!is_update(graph.node_at(other).op) || other < i)) before.push_back(other);
        }
      }
    }
    begin.push_back(static_cast<std::int32_t>(before.size()));
  }
};

}  // namespace v0
}  // namespace tenon
