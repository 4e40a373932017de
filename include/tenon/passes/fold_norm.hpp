// SPDX-License-Identifier: Apache-2.0
// fold_norm: batch norm by running statistics becomes part of the convolution before it.
#pragma once

#include "tenon/passes/graph_edits.hpp"
#include "tenon/passes/trained_values.hpp"

namespace tenon {
inline namespace v0 {

/// Folds a batch norm into the convolution whose result it alone reads; the backend scales the weights when it packs
/// them.
///
///     x, w, [b] -> convolution -> y            x, w, [b], scale, shift, mean, variance -> convolution -> z
///     y, scale, shift, mean, variance    =>
///       -> batch_norm -> z
///
/// requires: an inference graph; of a training graph `needs` says of each value whether it has a gradient, and norms
/// that have none are folded
/// ensures: the graph computes the same but for rounding
/// cost: nodes + operands
constexpr void fold_norm(graph_edits& edits, const char* needs = nullptr) {
  const node* const nodes = edits.graph().nodes.first;
  const list<std::int32_t>& steps = edits.steps();
  for (std::size_t k = steps.size(); k-- > 0;) {
    const std::int32_t i = steps.data()[k];
    if (nodes[i].op != operation::batch_norm || edits.vanishes(i)) continue;
    if (needs != nullptr && needs[nodes[i].results.begin] != 0) continue;
    const std::int32_t from = edits.operand(nodes[i], 0), producer = edits.producer(from);
    if (nodes[producer].op == operation::convolution && edits.uses(from) == 1 && !edits.folds_norm(producer) &&
        edits.function(producer) == activation::none) {
      edits.take_norm(producer, i);
    }
  }
}

/// The same in a training graph, for norms before all that is trained, whose statistics are given.
/// cost: nodes, and operands if there is such a norm
constexpr void fold_frozen_norm(graph_edits& edits) {
  const graph_view& graph = edits.graph();
  bool any = false;
  for (const node& current : graph.nodes) any = any || current.op == operation::batch_norm;
  if (any) fold_norm(edits, find_what_needs_gradients(graph).first);
}

constexpr growing_graph fold_norm(const graph_view& graph) {
  graph_edits edits(graph);
  fold_norm(edits);
  return edits.applied();
}

}  // namespace v0
}  // namespace tenon
