// SPDX-License-Identifier: Apache-2.0
// The bytes of an optimizer's state, and where each parameter's lies.
#pragma once

#include <cstdint>

#include "tenon/core/ordering.hpp"
#include "tenon/graph/graph.hpp"
#include "tenon/plan/parameter_offsets.hpp"

namespace tenon {
inline namespace v0 {

// The parts of the state, as many as the optimizer's rule says a parameter has, lie one behind the other, in each the
// trained parameters in their order. Of Adam:
//
//     | first moment of a | of b | of c | second moment of a | of b | of c |
//     |<-      trained_bytes          ->|
//
// Its nodes come from passes/append_updates.hpp.

/// Where a node of operation::state lies, from the start of the optimizer's memory.
constexpr std::int64_t optimizer_state_offset(const node& state, const parameter_offsets& offsets) {
  return state.attribute.part * offsets.trained_bytes +
         offsets.trained[static_cast<std::size_t>(state.attribute.index)];
}

/// The size of it all, found as the nodes of a graph pass by.
struct optimizer_state {
  std::int32_t parts = 0;

  constexpr void add(const node& state) { parts = greater(parts, state.attribute.part + 1); }
  constexpr std::int64_t bytes(const parameter_offsets& offsets) const { return parts * offsets.trained_bytes; }
};

}  // namespace v0
}  // namespace tenon
