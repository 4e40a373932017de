// SPDX-License-Identifier: Apache-2.0
// How much a graph computes, and how many parameters it has.
#pragma once

#include <cstdint>

#include "tenon/graph/graph.hpp"
#include "tenon/graph/operation_lookup.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {

/// Multiply-accumulates of one node: convolutions and transposed convolutions and their gradients; all else is 0, as
/// papers count.
constexpr std::int64_t macs_of(const graph_view& graph, const node& current) {
  // The side of the sliding window: results of a convolution, inputs of a transposed one.
  const shape* windows = nullptr;
  const shape* weights = nullptr;
  switch (current.op) {
    case operation::convolution:
      windows = &graph.result_value(current).extents;
      weights = &graph.operand_value(current, role::weight).extents;
      break;
    case operation::convolution_data_gradient:
      windows = &graph.operand_value(current, role::output_gradient).extents;
      weights = &graph.operand_value(current, role::weight).extents;
      break;
    case operation::convolution_weight_gradient:
      windows = &graph.operand_value(current, role::output_gradient).extents;
      weights = &graph.result_value(current).extents;
      break;
    case operation::transposed_convolution:
      windows = &graph.operand_value(current, role::activation).extents;
      weights = &graph.operand_value(current, role::weight).extents;
      break;
    case operation::transposed_convolution_data_gradient:
      windows = &graph.result_value(current).extents;
      weights = &graph.operand_value(current, role::weight).extents;
      break;
    case operation::transposed_convolution_weight_gradient:
      windows = &graph.operand_value(current, role::activation).extents;
      weights = &graph.result_value(current).extents;
      break;
    default:
      return 0;
  }
  return windows->elements() * (weights->elements() / (*weights)[0]);
}

constexpr std::int64_t count_macs(const graph_view& graph) {
  std::int64_t sum = 0;
  for (const node& current : graph.nodes)
    if (!is_source(current.op)) sum += macs_of(graph, current);
  return sum;
}

/// Those of convolutions that run in the backward pass, behind the loss, which is the first output.
constexpr std::int64_t count_recomputed_macs(const graph_view& training_graph) {
  std::int64_t sum = 0;
  for (std::int32_t i = loss_node_of(training_graph) + 1; i < training_graph.node_count(); ++i) {
    const node& current = training_graph.node_at(i);
    if (phase_of(current.op) == phase::forward) sum += macs_of(training_graph, current);
  }
  return sum;
}

/// The number of parameter values; running statistics do not count.
constexpr std::int64_t count_parameters(const graph_view& graph) {
  std::int64_t sum = 0;
  for (const node& current : graph.nodes) {
    if (current.op == operation::parameter) sum += graph.result_value(current).extents.elements();
  }
  return sum;
}

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
