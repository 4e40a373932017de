// SPDX-License-Identifier: Apache-2.0
// fuse_sum: a sum becomes part of the convolution or norm that makes one of its operands.
#pragma once

#include "tenon/passes/graph_edits.hpp"

namespace tenon {
inline namespace v0 {

/// Lets the node before a sum add the other operand, where the backend can, the sum alone reads that node's result, and
/// the other operand was made before. Of two such nodes the later one takes the sum. A convolution takes only a
/// residual that nobody reads afterwards, so that it can write over it.
///
///     x, ... -> batch_norm -> y              z
///     y, z -> add -> s                  =>   x, ..., z -> batch_norm (add) -> s
///
/// requires: nodes in an order in which they can run
/// ensures: the graph computes the same but for rounding
/// cost: nodes + operands
template <class Capabilities>
constexpr void fuse_sum(graph_edits& edits) {
  const graph_view& graph = edits.graph();
  const list<std::int32_t>& steps = edits.steps();
  for (std::size_t k = steps.size(); k-- > 0;) {
    const std::int32_t i = steps.data()[k];
    const node& current = graph.nodes.first[i];
    if (current.op != operation::add || edits.vanishes(i)) continue;
    const std::int32_t a = edits.operand(current, 0), b = edits.operand(current, 1);
    const bool first_is_later = edits.producer(a) > edits.producer(b);
    const std::int32_t from = first_is_later ? a : b, other = first_is_later ? b : a;
    const std::int32_t number = edits.producer(from);
    const node& producer = graph.nodes.first[number];
    if (edits.uses(from) != 1 || producer.results.begin != from || edits.adds(number) ||
        edits.function(number) != activation::none || !Capabilities::fuses_sum(graph, producer)) {
      continue;
    }
    if (edits.operand(producer, 0) == other) continue;  // it would be written over while it is read
    const bool is_given = is_source(graph.nodes.first[edits.producer(other)].op);
    if (producer.op == operation::convolution && (is_given || edits.last_reader(other) != i)) continue;
    edits.take_sum(number, i, other);
  }
}

template <class Capabilities>
constexpr growing_graph fuse_sum(const graph_view& graph) {
  graph_edits edits(graph);
  fuse_sum<Capabilities>(edits);
  return edits.applied();
}

}  // namespace v0
}  // namespace tenon
