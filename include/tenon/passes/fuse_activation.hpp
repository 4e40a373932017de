// SPDX-License-Identifier: Apache-2.0
// fuse_activation: an activation becomes part of the convolution or norm before it.
#pragma once

#include "tenon/graph/growing_graph.hpp"
#include "tenon/passes/uses.hpp"

namespace tenon {
inline namespace v0 {

/// Lets the node before an activation apply it, where the backend can and the activation alone reads that node's
/// result. A ReLU of what is rectified already vanishes.
///
///     x, ... -> convolution -> y -> relu -> z   =>   x, ... -> convolution (relu) -> z
///     x, ... -> convolution (relu) -> y -> relu -> z   =>   x, ... -> convolution (relu) -> z
///
/// `Training`: convolutions, and norms that add, take only an activation whose gradient follows from its result.
/// requires: nodes in an order in which they can run
/// ensures: the graph computes the same
/// cost: nodes + operands
template <class Capabilities, bool Training = false>
constexpr growing_graph fuse_activation(const graph_view& graph) {
  const list<std::int32_t> uses = count_uses(graph);
  graph_copy copy(graph);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    if (current.op == operation::activation) {
      const std::int32_t from = graph.operand(current, 0);
      const node& producer = graph.node_at(graph.value_at(from).producer);
      const std::int32_t made_now = copy.to.values[static_cast<std::size_t>(copy.renumber(from))].producer;
      const bool is_rectified = copy.to.nodes[static_cast<std::size_t>(made_now)].attribute.fused == activation::relu;
      if (current.attribute.fused == activation::relu && is_rectified && producer.results[0] == from) {
        copy.renumber(current.results[0], copy.renumber(from));
        continue;
      }
      const bool is_convolution =
          producer.op == operation::convolution || producer.op == operation::transposed_convolution;
      const bool from_result = is_convolution || producer.attribute.adds;
      const bool suits = !Training || !from_result || has_gradient_from_result(current.attribute.fused);
      if (suits && Capabilities::fuses_activation(producer.op, current.attribute.fused) &&
          producer.attribute.fused == activation::none && uses[static_cast<std::size_t>(from)] == 1 &&
          producer.results[0] == from) {
        attributes& attribute = copy.to.nodes[static_cast<std::size_t>(made_now)].attribute;
        attribute.fused = current.attribute.fused;
        attribute.slope = current.attribute.slope;
        copy.renumber(current.results[0], copy.renumber(from));
        continue;
      }
    }
    copy.copy(current);
  }
  copy.copy_outputs();
  return std::move(copy.to);
}

}  // namespace v0
}  // namespace tenon
