// SPDX-License-Identifier: Apache-2.0
// Where parameters, running statistics and what accompanies each parameter lie in their memory.
#pragma once

#include <cstdint>

#include "tenon/core/element_type.hpp"
#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Where parameters and running statistics lie, by their index, in bytes from the start of the parameter space:
/// parameters back to back in order of first use, then the statistics. Kept gradients and each part of the optimizer's
/// state lie back to back likewise, but of the trainable parameters alone (`trained`).
struct parameter_offsets {
  list<std::int64_t> parameters, buffers, trained;
  std::int64_t parameter_bytes = 0, buffer_bytes = 0, trained_bytes = 0;
};

constexpr parameter_offsets find_parameter_offsets(const graph_view& graph) {
  parameter_offsets offsets;
  const auto lie_back_to_back = [](list<std::int64_t>& entries) {
    std::int64_t bytes = 0;
    for (std::int64_t& entry : entries) {
      const std::int64_t size = entry;
      entry = bytes;
      bytes += size;
    }
    return bytes;
  };
  // Passes may have moved sources: sizes first, by index.
  for (const node& current : graph.nodes) {
    if (current.op != operation::parameter && current.op != operation::buffer) continue;
    list<std::int64_t>& found = current.op == operation::parameter ? offsets.parameters : offsets.buffers;
    const auto index = static_cast<std::size_t>(current.attribute.index);
    while (found.size() <= index) found.push_back(0);
    const std::int64_t bytes = bytes_of(graph.result_value(current).extents);
    found.data()[index] = bytes;
    if (current.op != operation::parameter) continue;
    while (offsets.trained.size() <= index) offsets.trained.push_back(0);
    if (current.attribute.trainable) offsets.trained.data()[index] = bytes;
  }
  offsets.parameter_bytes = lie_back_to_back(offsets.parameters);
  offsets.buffer_bytes = lie_back_to_back(offsets.buffers);
  offsets.trained_bytes = lie_back_to_back(offsets.trained);
  for (std::int64_t& entry : offsets.buffers) entry += offsets.parameter_bytes;
  return offsets;
}

}  // namespace v0
}  // namespace tenon
