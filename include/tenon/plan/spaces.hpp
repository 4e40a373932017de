// SPDX-License-Identifier: Apache-2.0
// Which memory each value lies in, and where parameters and their companions lie in theirs.
#pragma once

#include "tenon/core/element_type.hpp"
#include "tenon/core/list.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// What every slot of the arena is aligned to.
inline constexpr std::int64_t slot_alignment = 64;

/// Where parameters and running statistics lie, by their index, in bytes from the start of the parameter space:
/// parameters back to back in order of first use, then the statistics.
struct parameter_offsets {
  list<std::int64_t> parameters, buffers;
  std::int64_t parameter_bytes = 0, buffer_bytes = 0;
};

constexpr parameter_offsets find_parameter_offsets(const graph_view& graph) {
  parameter_offsets offsets;
  for (const operation kind : {operation::parameter, operation::buffer}) {
    list<std::int64_t>& found = kind == operation::parameter ? offsets.parameters : offsets.buffers;
    std::int64_t& bytes = kind == operation::parameter ? offsets.parameter_bytes : offsets.buffer_bytes;
    for (const node& current : graph.nodes) {
      if (current.op == kind) found.push_back(0);
    }
    for (const node& current : graph.nodes) {  // passes may have moved sources: sizes first, by index
      if (current.op != kind) continue;
      found[static_cast<std::size_t>(current.attribute.index)] = graph.result_value(current).extents.elements() * 4;
    }
    for (std::int64_t& entry : found) {
      const std::int64_t size = entry;
      entry = offsets.parameter_bytes * (kind == operation::buffer ? 1 : 0) + bytes;
      bytes += size;
    }
  }
  return offsets;
}

/// Places every value that does not lie in the arena, and says which do (their offsets are found later).
/// `keep_gradients`: the gradients that updates read lie in a space of their own.
constexpr list<placement> assign_spaces(const graph_view& graph, const parameter_offsets& offsets,
                                        bool keep_gradients) {
  list<placement> places(graph.values.size(), placement{});
  for (const node& current : graph.nodes) {
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      const std::int32_t number = current.results[r];
      const value& result = graph.value_at(number);
      placement& place = places[static_cast<std::size_t>(number)];
      place.bytes = bytes_of(result.extents, result.type, result.arrangement);
      place.space = memory_space::arena;
      const auto index = static_cast<std::size_t>(current.attribute.index);
      if (current.op == operation::parameter) {
        place.space = memory_space::parameter;
        place.offset = offsets.parameters[index];
      } else if (current.op == operation::buffer) {
        place.space = memory_space::parameter;
        place.offset = offsets.buffers[index];
      } else if (current.op == operation::state) {
        place.space = memory_space::optimizer;
        place.offset = current.attribute.part * offsets.parameter_bytes + offsets.parameters[index];
      }
    }
  }
  for (const node& current : graph.nodes) {
    if (!keep_gradients || (current.op != operation::sgd && current.op != operation::adam)) continue;
    placement& place = places[static_cast<std::size_t>(graph.operand(current, 1))];
    place.space = memory_space::gradient;
    place.offset = offsets.parameters[static_cast<std::size_t>(current.attribute.index)];
  }
  return places;
}

}  // namespace v0
}  // namespace tenon
