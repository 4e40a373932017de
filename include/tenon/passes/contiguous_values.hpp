// SPDX-License-Identifier: Apache-2.0
// Which values are contiguous where others are blocked: those of few channels, and results that only losses and outputs
// read.
#pragma once

#include <cstdint>

#include "tenon/graph/growing_graph.hpp"

namespace tenon {
inline namespace v0 {

/// Values that may yet be contiguous. They become fewer.
template <class Capabilities>
class contiguous_candidates {
 public:
  constexpr explicit contiguous_candidates(const graph_view& graph)
      : graph_(&graph), contiguous_(graph.values.size(), 0) {}

  /// Takes up a node's result if its operands allow for it, and drops operands that the node cannot read contiguous.
  /// Returns whether others may rely on the result.
  constexpr bool take_up(const node& of) {
    const bool writes = of.results.count > 0 && Capabilities::writes_contiguous(*graph_, of);
    if (writes) contiguous_.data()[of.results[0]] = 1;
    if (is_source(of.op)) return false;
    settle(of);
    return writes && contiguous_.data()[of.results[0]] != 0 && counts(of.results[0]);
  }

  /// Drops what the node cannot read or write contiguous, and returns whether there was anything on which others may
  /// rely. requires: no source.
  constexpr bool settle(const node& of) {
    if (!is_any_contiguous(of) || Capabilities::works_contiguous(*graph_, of, contiguous_.data())) return false;
    bool dropped = false;
    for (std::int32_t o = 0; o < of.operands.count; ++o) dropped = drop(graph_->operand(of, o)) || dropped;
    if (of.results.count > 0 && !Capabilities::works_contiguous(*graph_, of, contiguous_.data()))
      dropped = drop(of.results[0]) || dropped;
    return dropped;
  }

  constexpr const list<char>& found() const { return contiguous_; }

 private:
  constexpr bool is_any_contiguous(const node& of) const {
    const std::int32_t* const operands = graph_->operands.first + of.operands.begin;
    for (std::int32_t o = 0; o < of.operands.count; ++o)
      if (contiguous_.data()[operands[o]] != 0) return true;
    return of.results.count > 0 && contiguous_.data()[of.results[0]] != 0;
  }
  /// What has many channels is contiguous for losses and outputs alone, of which each reads as it likes.
  constexpr bool counts(std::int32_t value) const {
    return graph_->value_at(value).extents.channels() <= Capabilities::most_contiguous_channels;
  }
  constexpr bool drop(std::int32_t value) {
    if (contiguous_.data()[value] == 0 || is_source(graph_->node_at(graph_->value_at(value).producer).op)) return false;
    contiguous_.data()[value] = 0;
    return counts(value);
  }

  const graph_view* graph_;
  list<char> contiguous_;
};

/// Of each value, whether its producer can write it contiguous and all that read it can read it so; network inputs,
/// which are contiguous, where they have few channels.
///
///     convolution (16 -> 4, contiguous) -> relu (contiguous) -> convolution (4 -> 16, blocked) -> max_pool (blocked)
///
/// cost: nodes + operands, again for each time that a choice takes others with it
template <class Capabilities>
constexpr list<char> find_contiguous_values(const graph_view& graph) {
  contiguous_candidates<Capabilities> candidates(graph);
  bool again = false;
  for (const node& current : graph.nodes)
    if (!is_source(current.op) || current.op == operation::input) again = candidates.take_up(current) || again;
  while (again) {
    again = false;
    for (const node& current : graph.nodes)
      if (!is_source(current.op)) again = candidates.settle(current) || again;
  }
  return candidates.found();
}

}  // namespace v0
}  // namespace tenon
