// SPDX-License-Identifier: Apache-2.0
// A parameter as a constant.
#pragma once

#include <span>
#include <string_view>

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// A parameter or running statistic: its name as in PyTorch, its shape, whether it is a parameter that is trained, and
/// how it starts.
struct parameter_description {
  std::string_view name;
  shape extents;
  bool trainable = true;
  initializer initial = initializer::zeros;
};

/// How many parameters (operation::parameter) or running statistics (operation::buffer) a graph has.
constexpr std::size_t count_stored(const graph_view& graph, operation kind) {
  std::size_t sum = 0;
  for (const node& current : graph.nodes) sum += current.op == kind ? 1 : 0;
  return sum;
}

/// Describes them in order of first use; names refer to the graph's text.
/// requires: room for count_stored.
constexpr void describe_stored(const graph_view& graph, operation kind, std::span<parameter_description> to) {
  for (const node& current : graph.nodes) {
    if (current.op != kind) continue;
    to[static_cast<std::size_t>(current.attribute.index)] = {
        graph.text(current.scope), graph.result_value(current).extents,
        kind == operation::parameter && current.attribute.trainable, current.attribute.initial};
  }
}

/// The parameters of a network in order of first use, and its running statistics; constants, owned elsewhere.
struct parameter_table {
  std::span<const parameter_description> parameters, buffers;
};

}  // namespace v0
}  // namespace tenon
