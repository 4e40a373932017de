// SPDX-License-Identifier: Apache-2.0
// fuse_activation: an activation becomes part of the convolution or norm before it.
#pragma once

#include "tenon/passes/graph_edits.hpp"

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
constexpr void fuse_activation(graph_edits& edits) {
  const node* const nodes = edits.graph().nodes.first;
  const list<std::int32_t>& steps = edits.steps();
  for (std::size_t k = steps.size(); k-- > 0;) {
    const std::int32_t i = steps.data()[k];
    const node& current = nodes[i];
    if (current.op != operation::activation || edits.vanishes(i)) continue;
    const std::int32_t from = edits.operand(current, 0), number = edits.producer(from);
    const node& producer = nodes[number];
    if (producer.results.begin != from) continue;
    const activation function = current.attribute.fused, before = edits.function(number);
    if (function == activation::relu && before == activation::relu) {
      edits.replace(i, from);
      continue;
    }
    const bool is_convolution =
        producer.op == operation::convolution || producer.op == operation::transposed_convolution;
    const bool from_result = Training && (is_convolution || edits.adds(number));
    if (before == activation::none && edits.uses(from) == 1 && Capabilities::fuses_activation(producer.op, function) &&
        (!from_result || has_gradient_from_result(function))) {
      edits.take_activation(number, i);
    }
  }
}

template <class Capabilities, bool Training = false>
constexpr growing_graph fuse_activation(const graph_view& graph) {
  graph_edits edits(graph);
  fuse_activation<Capabilities, Training>(edits);
  return edits.applied();
}

}  // namespace v0
}  // namespace tenon
