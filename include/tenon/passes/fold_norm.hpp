// SPDX-License-Identifier: Apache-2.0
// fold_norm: batch norm by running statistics becomes part of the convolution before it.
#pragma once

#include "tenon/passes/graph_edits.hpp"

namespace tenon {
inline namespace v0 {

/// Folds a batch norm into the convolution whose result it alone reads; the backend scales the weights when it packs
/// them.
///
///     x, w, [b] -> convolution -> y            x, w, [b], scale, shift, mean, variance -> convolution -> z
///     y, scale, shift, mean, variance    =>
///       -> batch_norm -> z
///
/// requires: an inference graph
/// ensures: the graph computes the same but for rounding
/// cost: nodes + operands
constexpr void fold_norm(graph_edits& edits) {
  const node* const nodes = edits.graph().nodes.first;
  const list<std::int32_t>& steps = edits.steps();
  for (std::size_t k = steps.size(); k-- > 0;) {
    const std::int32_t i = steps.data()[k];
    if (nodes[i].op != operation::batch_norm || edits.vanishes(i)) continue;
    const std::int32_t from = edits.operand(nodes[i], 0), producer = edits.producer(from);
    if (nodes[producer].op == operation::convolution && edits.uses(from) == 1 && !edits.folds_norm(producer) &&
        edits.function(producer) == activation::none) {
      edits.take_norm(producer, i);
    }
  }
}

constexpr growing_graph fold_norm(const graph_view& graph) {
  graph_edits edits(graph);
  fold_norm(edits);
  return edits.applied();
}

}  // namespace v0
}  // namespace tenon
