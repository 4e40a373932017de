// SPDX-License-Identifier: Apache-2.0
// network_error: how a problem of a network is printed by the compiler.
#pragma once

#include <cstdint>

#include "tenon/core/text.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Never defined: it exists to be printed, with the problem, the scope where it is, and what was expected and found
/// (what the two numbers are stands at the problem's enumerator).
template <problem Problem, text Scope, std::int64_t Expected, std::int64_t Found>
struct network_error;

template <std::size_t Length>
constexpr text<Length> scope_of(const graph_view& graph) {
  text<Length> scope;
  for (std::size_t i = 0; i < Length; ++i) {
    scope.characters[i] = graph.characters[static_cast<std::size_t>(graph.problem.scope_begin) + i];
  }
  return scope;
}

/// True, unless the graph of `Stage` has a problem: then the compiler stops here and prints it.
template <class Stage>
constexpr bool network_is_valid() {
  constexpr diagnostic found = Stage::graph.problem;
  if constexpr (found.kind != problem::none) {
    constexpr auto length = static_cast<std::size_t>(found.scope_count);
    return sizeof(network_error<found.kind, scope_of<length>(Stage::graph.view()), found.expected, found.found>) != 0;
  }
  return true;
}

}  // namespace v0
}  // namespace tenon
