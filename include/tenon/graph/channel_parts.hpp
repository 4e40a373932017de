// SPDX-License-Identifier: Apache-2.0
// Nodes that put values side by side along the channels, or take them apart.
#pragma once

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Whether a node's results are ranges of its operand's channels, unchanged.
constexpr bool takes_channels(operation op) { return op == operation::concat_gradient || op == operation::split; }

/// The value that is a range of the whole's channels: of a concat its operand `part`, of a split its result `part`, of
/// a concat_gradient (part 0) its only result.
constexpr std::int32_t channel_part(const graph_view& graph, const node& of, int part) {
  return takes_channels(of.op) ? of.results[part] : graph.operand(of, part);
}

/// The whole of which the parts are ranges: of a concat the result, else the operand.
constexpr std::int32_t channel_whole(const graph_view& graph, const node& of) {
  return takes_channels(of.op) ? graph.operand(of, 0) : of.results[0];
}

/// The first channel of a part in the whole. Cost: the parts before it.
constexpr std::int32_t first_channel_of(const graph_view& graph, const node& of, int part) {
  std::int32_t first = of.op == operation::concat_gradient ? of.attribute.index : 0;
  // Pointers: of a wide concat this is asked for each part, while compiling.
  const value* const values = graph.values.first;
  const std::int32_t* const operands = graph.operands.first + of.operands.begin;
  const bool takes = takes_channels(of.op);
  for (int i = 0; i < part; ++i) first += values[takes ? of.results.begin + i : operands[i]].extents.extents[1];
  return first;
}

}  // namespace v0
}  // namespace tenon
