// SPDX-License-Identifier: Apache-2.0
// Which memory each value lies in.
#pragma once

#include "tenon/core/element_type.hpp"
#include "tenon/core/list.hpp"
#include "tenon/plan/optimizer_state.hpp"
#include "tenon/plan/parameter_offsets.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// Whether the gradients that updates read are kept from one node to a much later one, or to the next step, because an
/// operation asks for it.
constexpr bool keeps_gradients(operation op) { return op == operation::accumulate || op == operation::clip_norm; }

/// Places every value that does not lie in the arena, and says which do (their offsets are found later).
/// `keep_gradients`: the gradients that updates read lie in a space of their own.
constexpr list<placement> assign_spaces(const graph_view& graph, const parameter_offsets& offsets,
                                        bool keep_gradients) {
  list<placement> places(graph.values.size(), placement{});
  // While compiling a call costs as much as several accesses, hence pointers.
  placement* const place = places.data();
  const value* const values = graph.values.first;
  for (const node& current : graph.nodes) {
    const std::int32_t first = current.results.begin, behind = first + current.results.count;
    for (std::int32_t number = first; number < behind; ++number) {
      place[number].bytes = bytes_of(values[number].extents, values[number].type, values[number].arrangement);
      place[number].space = memory_space::arena;
    }
    const auto index = static_cast<std::size_t>(current.attribute.index);
    if (current.op == operation::parameter) {
      place[first].space = memory_space::parameter;
      place[first].offset = offsets.parameters[index];
    } else if (current.op == operation::buffer) {
      place[first].space = memory_space::parameter;
      place[first].offset = offsets.buffers[index];
    } else if (current.op == operation::state) {
      place[first].space = memory_space::optimizer;
      place[first].offset = optimizer_state_offset(current, offsets);
    } else if (current.op == operation::gradient_sum || current.op == operation::accumulate) {
      place[first].space = memory_space::gradient;
      place[first].offset = offsets.trained[index];
    }
  }
  if (!keep_gradients) return places;
  for (const node& current : graph.nodes) {
    if (!is_update(current.op)) continue;
    const std::int32_t gradient = graph.operand(current, role::parameter_gradient);
    if (gradient < 0) continue;
    placement& kept = place[gradient];
    kept.space = memory_space::gradient;
    kept.offset = offsets.trained[static_cast<std::size_t>(current.attribute.index)];
  }
  return places;
}

}  // namespace v0
}  // namespace tenon
