// SPDX-License-Identifier: Apache-2.0
// fold_norm: batch norm by running statistics becomes part of the convolution before it.
#pragma once

#include "tenon/graph/growing_graph.hpp"
#include "tenon/passes/uses.hpp"

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
constexpr growing_graph fold_norm(const graph_view& graph) {
  const list<std::int32_t> uses = count_uses(graph);
  list<std::int32_t> norm_of(graph.nodes.size(), -1);  // of a convolution, the norm that it takes in
  list<char> folded(graph.nodes.size(), 0);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& norm = graph.node_at(i);
    if (norm.op != operation::batch_norm) continue;
    const std::int32_t from = graph.operand(norm, 0);
    const std::int32_t producer = graph.value_at(from).producer;
    const node& convolution = graph.node_at(producer);
    if (convolution.op != operation::convolution || convolution.attribute.fused != activation::none ||
        convolution.attribute.folds_norm || uses[static_cast<std::size_t>(from)] != 1) {
      continue;
    }
    norm_of[static_cast<std::size_t>(producer)] = i;
    folded[static_cast<std::size_t>(i)] = 1;
  }
  graph_copy copy(graph);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    const std::int32_t taken = norm_of[static_cast<std::size_t>(i)];
    if (folded[static_cast<std::size_t>(i)] != 0) {
      const std::int32_t producer = graph.value_at(graph.operand(current, 0)).producer;
      copy.renumber(current.results[0], copy.renumber(graph.node_at(producer).results[0]));
    } else if (taken < 0) {
      const bool moved = current.results.count > 0 && copy.renumber(current.results[0]) >= 0;
      if (!moved) copy.copy(current);
    } else {
      // The norm's parameters are sources: move those that stand behind the convolution before it.
      const node& norm = graph.node_at(taken);
      list<std::int32_t> operands = copy.operands_of(current);
      for (std::int32_t o = 1; o < norm.operands.count; ++o) {
        const std::int32_t parameter = graph.operand(norm, o);
        if (copy.renumber(parameter) < 0) copy.copy(graph.node_at(graph.value_at(parameter).producer));
        operands.push_back(copy.renumber(parameter));
      }
      const std::int32_t made = copy.copy(current, operands);
      attributes& attribute = copy.to.nodes[static_cast<std::size_t>(made)].attribute;
      attribute.folds_norm = true;
      attribute.epsilon = norm.attribute.epsilon;
    }
  }
  copy.copy_outputs();
  return std::move(copy.to);
}

}  // namespace v0
}  // namespace tenon
