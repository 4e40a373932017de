// SPDX-License-Identifier: Apache-2.0
// The graph: flat pools of nodes, values, operands and text; growing, frozen, and seen through a view.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tenon/core/array_view.hpp"
#include "tenon/graph/diagnostic.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {

/// A graph owned elsewhere. Nodes stand in an order in which they can be executed.
struct graph_view {
  array_view<node> nodes;
  array_view<value> values;
  array_view<std::int32_t> operands;
  array_view<std::int32_t> outputs;
  array_view<char> characters;
  array_view<float> reals;
  diagnostic problem{};

  constexpr const node& node_at(std::int32_t i) const { return nodes.first[i]; }
  constexpr const value& value_at(std::int32_t i) const { return values.first[i]; }
  /// The value number of a node's i-th operand.
  constexpr std::int32_t operand(const node& of, int i) const { return operands.first[of.operands.begin + i]; }
  constexpr const value& operand_value(const node& of, int i) const { return value_at(operand(of, i)); }
  /// The value number of the first operand that has a role in the node, or -1.
  constexpr std::int32_t operand(const node& of, role wanted) const {
    const std::int32_t i = operand_index(of, wanted);
    return i < 0 ? -1 : operand(of, i);
  }
  /// requires: the node has such an operand
  constexpr const value& operand_value(const node& of, role wanted) const { return value_at(operand(of, wanted)); }
  constexpr const value& result_value(const node& of, int i = 0) const { return value_at(of.results[i]); }
  /// The value number of the first result that has a role in the node, or -1.
  constexpr std::int32_t result(const node& of, role wanted) const {
    const std::int32_t i = result_index(of, wanted);
    return i < 0 ? -1 : of.results[i];
  }
  constexpr std::string_view text(range of) const {
    return {characters.data() + of.begin, static_cast<std::size_t>(of.count)};
  }
  constexpr std::int32_t node_count() const { return static_cast<std::int32_t>(nodes.count); }
  constexpr std::int32_t value_count() const { return static_cast<std::int32_t>(values.count); }
};

/// The node of the loss in a graph of training or evaluation, whose first output it is.
constexpr std::int32_t loss_node_of(const graph_view& graph) { return graph.value_at(graph.outputs[0]).producer; }

/// The sizes of a graph's pools.
struct graph_sizes {
  std::size_t nodes = 0, values = 0, operands = 0, outputs = 0, characters = 0, reals = 0;
};

constexpr graph_sizes sizes_of(const graph_view& graph) {
  return {graph.nodes.size(),   graph.values.size(),     graph.operands.size(),
          graph.outputs.size(), graph.characters.size(), graph.reals.size()};
}

/// A graph of fixed size, which may be a constant.
template <graph_sizes Sizes>
struct frozen_graph {
  std::array<node, Sizes.nodes> nodes{};
  std::array<value, Sizes.values> values{};
  std::array<std::int32_t, Sizes.operands> operands{};
  std::array<std::int32_t, Sizes.outputs> outputs{};
  std::array<char, Sizes.characters> characters{};
  std::array<float, Sizes.reals> reals{};
  array_view<char> inherited{};  ///< the text, if another constant holds it
  diagnostic problem{};

  constexpr graph_view view() const {
    return {nodes, values, operands, outputs, Sizes.characters == 0 ? inherited : array_view<char>(characters),
            reals, problem};
  }
};

/// Copies a graph into one of fixed size.
/// requires: `Sizes` are those of `from`; without characters, the text of `from` must be a constant's.
template <graph_sizes Sizes>
constexpr frozen_graph<Sizes> freeze(const graph_view& from) {
  frozen_graph<Sizes> to;
  for (std::size_t i = 0; i < Sizes.nodes; ++i) to.nodes[i] = from.nodes[i];
  for (std::size_t i = 0; i < Sizes.values; ++i) to.values[i] = from.values[i];
  for (std::size_t i = 0; i < Sizes.operands; ++i) to.operands[i] = from.operands[i];
  for (std::size_t i = 0; i < Sizes.outputs; ++i) to.outputs[i] = from.outputs[i];
  for (std::size_t i = 0; i < Sizes.characters; ++i) to.characters[i] = from.characters[i];
  if (Sizes.characters == 0) to.inherited = from.characters;
  for (std::size_t i = 0; i < Sizes.reals; ++i) to.reals[i] = from.reals[i];
  to.problem = from.problem;
  return to;
}

}  // namespace v0
}  // namespace tenon
