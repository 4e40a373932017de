// SPDX-License-Identifier: Apache-2.0
// Sets of operations: what a program needs code for.
#pragma once

#include <cstdint>

#include "tenon/graph/graph.hpp"
#include "tenon/graph/operation.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {

/// Operations, as a constant that can be a template argument.
struct operation_set {
  std::uint64_t bits = 0;

  constexpr bool has(operation op) const { return (bits >> static_cast<int>(op) & 1) != 0; }
  constexpr void add(operation op) { bits |= std::uint64_t{1} << static_cast<int>(op); }

  bool operator==(const operation_set&) const = default;
};

inline constexpr int operation_count = static_cast<int>(operation::fill) + 1;
static_assert(operation_count <= 64, "a bit an operation");

inline constexpr operation_set every_operation{~std::uint64_t{0} >> (64 - operation_count)};

/// Whether the operation stands in plans of inference.
constexpr bool is_for_inference(operation op) {
  switch (op) {
    case operation::target:
    case operation::state:
    case operation::batch_norm_training:
    case operation::dropout:
      return false;
    default:
      return op < operation::mean_square || op == operation::reorder || op == operation::fill;
  }
}

/// Those that plans of inference can have.
inline constexpr operation_set inference_operations = [] {
  operation_set set;
  for (int i = 0; i < operation_count; ++i) {
    if (is_for_inference(static_cast<operation>(i))) set.add(static_cast<operation>(i));
  }
  return set;
}();

/// Those that a graph has.
constexpr operation_set operations_of(const graph_view& graph) {
  operation_set set;
  for (const node& current : graph.nodes) set.add(current.op);
  return set;
}

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
