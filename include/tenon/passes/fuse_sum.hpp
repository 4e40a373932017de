// SPDX-License-Identifier: Apache-2.0
// fuse_sum: a sum becomes part of the convolution or norm that makes one of its operands.
#pragma once

#include "tenon/graph/growing_graph.hpp"
#include "tenon/passes/uses.hpp"

namespace tenon {
inline namespace v0 {

/// Whether a node can take in the other operand of the sum that alone reads its result.
constexpr bool can_take_sum(const graph_view& graph, const list<std::int32_t>& uses, std::int32_t from) {
  const node& producer = graph.node_at(graph.value_at(from).producer);
  return uses[static_cast<std::size_t>(from)] == 1 && producer.results[0] == from && !producer.attribute.adds &&
         producer.attribute.fused == activation::none;
}

/// Lets the node before a sum add the other operand, where the backend can, the sum alone reads that node's result, and
/// the other operand was made before. Of two such nodes the later one takes the sum. A convolution takes only an addend
/// that nobody reads afterwards, so that it can write over it.
///
///     x, ... -> batch_norm -> y              z
///     y, z -> add -> s                  =>   x, ..., z -> batch_norm (add) -> s
///
/// requires: nodes in an order in which they can run
/// ensures: the graph computes the same but for rounding
/// cost: nodes + operands
template <class Capabilities>
constexpr growing_graph fuse_sum(const graph_view& graph) {
  const list<std::int32_t> uses = count_uses(graph);
  list<std::int32_t> last_reader(graph.values.size(), -1);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      last_reader[static_cast<std::size_t>(graph.operand(current, o))] = i;
    }
  }
  for (const std::int32_t output : graph.outputs) last_reader[static_cast<std::size_t>(output)] = graph.node_count();

  list<std::int32_t> addend_of(graph.nodes.size(), -1);  // of a node, the value that it adds
  list<std::int32_t> taken_by(graph.nodes.size(), -1);   // of a sum, the node that takes it in
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    if (current.op != operation::add) continue;
    const std::int32_t a = graph.operand(current, 0), b = graph.operand(current, 1);
    const bool first_is_later = graph.value_at(a).producer > graph.value_at(b).producer;
    const std::int32_t from = first_is_later ? a : b, other = first_is_later ? b : a;
    const std::int32_t producer = graph.value_at(from).producer;
    if (!can_take_sum(graph, uses, from) || !Capabilities::fuses_sum(graph, graph.node_at(producer))) continue;
    if (graph.operand(graph.node_at(producer), 0) == other) continue;  // it would be written over while it is read
    const bool is_convolution = graph.node_at(producer).op == operation::convolution;
    const bool is_given = is_source(graph.node_at(graph.value_at(other).producer).op);
    if (is_convolution && (is_given || last_reader[static_cast<std::size_t>(other)] != i)) continue;
    addend_of[static_cast<std::size_t>(producer)] = other;
    taken_by[static_cast<std::size_t>(i)] = producer;
  }
  graph_copy copy(graph);
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    const std::int32_t producer = taken_by[static_cast<std::size_t>(i)];
    if (producer >= 0) {
      copy.renumber(current.results[0], copy.renumber(graph.node_at(producer).results[0]));
      continue;
    }
    const std::int32_t addend = addend_of[static_cast<std::size_t>(i)];
    if (addend < 0) {
      copy.copy(current);
      continue;
    }
    list<std::int32_t> operands = copy.operands_of(current);
    operands.push_back(copy.renumber(addend));
    const std::int32_t made = copy.copy(current, operands);
    copy.to.nodes[static_cast<std::size_t>(made)].attribute.adds = true;
  }
  copy.copy_outputs();
  return std::move(copy.to);
}

}  // namespace v0
}  // namespace tenon
