// SPDX-License-Identifier: Apache-2.0
// How a graph leaves the constant evaluation that made it, before its sizes are known.
#pragma once

#include "tenon/core/sparse_array.hpp"
#include "tenon/graph/growing_graph.hpp"

namespace tenon {
inline namespace v0 {

/// A graph in memory that does not grow. A growing graph cannot leave its constant evaluation, and a graph of fixed
/// size has to know its sizes first: making the graph once for its sizes and once for itself would take twice as long.
struct graph_transfer {
  sparse_array<node, (1 << 16)> nodes;
  sparse_array<value, (1 << 17)> values;
  sparse_array<std::int32_t, (1 << 18)> operands;
  sparse_array<std::int32_t, (1 << 10)> outputs;
  sparse_array<char, (1 << 22)> characters;
  sparse_array<float, (1 << 16)> reals;
  array_view<char> inherited{};
  diagnostic problem{};

  constexpr explicit graph_transfer(const growing_graph& from) : inherited(from.inherited), problem(from.problem) {
    nodes.fill(from.nodes.data(), from.nodes.size());
    values.fill(from.values.data(), from.values.size());
    operands.fill(from.operands.data(), from.operands.size());
    outputs.fill(from.outputs.data(), from.outputs.size());
    characters.fill(from.characters.data(), from.characters.size());
    reals.fill(from.reals.data(), from.reals.size());
  }

  /// The sizes of the pools; inherited text is not one.
  constexpr graph_sizes sizes() const {
    return {nodes.size(), values.size(), operands.size(), outputs.size(), characters.size(), reals.size()};
  }
};

/// Copies a graph into one of fixed size.
/// requires: `Sizes` are those of `from`; without characters, the text of `from` must be a constant's.
template <graph_sizes Sizes>
constexpr frozen_graph<Sizes> freeze(const graph_transfer& from) {
  frozen_graph<Sizes> to;
  from.nodes.copy_to(to.nodes.data());
  from.values.copy_to(to.values.data());
  from.operands.copy_to(to.operands.data());
  from.outputs.copy_to(to.outputs.data());
  from.characters.copy_to(to.characters.data());
  if (Sizes.characters == 0) to.inherited = from.inherited;
  from.reals.copy_to(to.reals.data());
  to.problem = from.problem;
  return to;
}

}  // namespace v0
}  // namespace tenon
