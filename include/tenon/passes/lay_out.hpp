// SPDX-License-Identifier: Apache-2.0
// lay_out: every value gets a layout, and reorders where a node wants another.
#pragma once

#include <array>

#include "tenon/graph/growing_graph.hpp"
#include "tenon/passes/contiguous_values.hpp"

namespace tenon {
inline namespace v0 {

/// Chooses the layout of each value as the backend asks for it, puts in reorders (one a value and layout), lets the
/// backend select what computes each node, with its workspace, and makes outputs contiguous values of their own.
///
///     input (contiguous) -> max_pool -> output
///     =>  input -> reorder -> max_pool (blocked) -> reorder -> output (contiguous)
///
/// requires: all values contiguous, nothing laid out yet
/// ensures: the graph computes the same; every operand has the layout that the backend asks for
/// cost: nodes + operands, and find_contiguous_values
template <class Capabilities>
constexpr growing_graph lay_out(const graph_view& graph) {
  graph_copy copy(graph);
  // The values with the layouts chosen so far, as the capabilities read them.
  list<value> chosen;
  chosen.append(graph.values.data(), graph.values.size());
  graph_view laid_out = graph;
  laid_out.values = chosen;
  list<std::int32_t> reordered(graph.values.size(), -1);
  const list<char> contiguous = find_contiguous_values<Capabilities>(graph);

  const auto in_layout = [&](std::int32_t old, layout wanted) {
    const value& present = chosen.first[old];
    if (present.arrangement == wanted) return copy.renumbered.first[old];
    std::int32_t& other = reordered.first[old];
    if (other < 0) {
      const std::array<std::int32_t, 1> from{copy.renumber(old)};
      copy.to.append(operation::reorder, from, {}, graph.node_at(present.producer).scope);
      other = copy.to.add_result(present.extents, present.type, wanted);
    }
    return other;
  };

  list<std::int32_t> operands;
  const phase* const phases = table::by_operation.phase;
  for (const node& current : graph.nodes) {
    if (phases[static_cast<int>(current.op)] == phase::source) {
      copy.copy(current);
      continue;
    }
    // While compiling a call costs as much as several accesses, hence pointers.
    const std::int32_t result = current.results.begin;
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      chosen.first[result + r].arrangement = r == 0 && contiguous.first[result] != 0
                                                 ? layout::contiguous
                                                 : Capabilities::result_layout(laid_out, current, r);
    }
    operands.clear();
    const std::int32_t* const read = graph.operands.first + current.operands.begin;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t old = read[o];
      // Parameters and their companions stay as they are: contiguous.
      const operation producer = graph.nodes.first[graph.values.first[old].producer].op;
      const bool is_stored = phases[static_cast<int>(producer)] == phase::source && producer != operation::input &&
                             producer != operation::target;
      operands.push_back(is_stored ? copy.renumbered.first[old]
                                   : in_layout(old, Capabilities::operand_layout(laid_out, current, o)));
    }
    const std::int32_t made = copy.copy(current, operands);
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      copy.to.values.first[copy.renumbered.first[result + r]].arrangement = chosen.first[result + r].arrangement;
    }
    // The layouts in which it makes its results and asks for its operands are settled.
    if (!Capabilities::has_alternatives(current.op)) continue;
    const selection by = Capabilities::select(laid_out, current);
    copy.to.nodes.first[made].computed_by = by;
    if (by.workspace_bytes > 0) {
      copy.to.nodes.first[made].attribute.has_workspace = true;
      copy.to.add_result(shape(by.workspace_bytes), element_type::byte);
    }
  }
  for (std::int32_t output : graph.outputs) {
    const bool is_given = is_source(graph.node_at(graph.value_at(output).producer).op);
    if (is_given) {
      const std::array<std::int32_t, 1> from{copy.renumber(output)};
      copy.to.outputs.push_back(copy.to.make(operation::reorder, from, {}, graph.value_at(output).extents));
    } else {
      copy.to.outputs.push_back(in_layout(output, layout::contiguous));
    }
  }
  return std::move(copy.to);
}

}  // namespace v0
}  // namespace tenon
