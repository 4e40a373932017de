// SPDX-License-Identifier: Apache-2.0
// Sets of operations: what a program needs code for.
#pragma once

#include <cstdint>

#include "tenon/graph/operation_lookup.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {

/// Operations, as a constant that can be a template argument.
struct operation_set {
  static constexpr int word_bits = 64;
  std::uint64_t words[(operation_count + word_bits - 1) / word_bits]{};

  constexpr bool has(operation op) const {
    const int number = static_cast<int>(op);
    return (words[number / word_bits] >> number % word_bits & 1) != 0;
  }
  constexpr void add(operation op) {
    const int number = static_cast<int>(op);
    words[number / word_bits] |= std::uint64_t{1} << number % word_bits;
  }

  bool operator==(const operation_set&) const = default;
};

inline constexpr operation_set every_operation = [] {
  operation_set set;
  for (const operation_traits& each : table::rows) set.add(each.op);
  return set;
}();

/// Whether the operation stands in plans of inference.
constexpr bool is_for_inference(operation op) {
  switch (op) {
    case operation::target:
    case operation::state:
    case operation::batch_norm_training:
    case operation::dropout:
      return false;
    default:
      return phase_of(op) == phase::source || phase_of(op) == phase::forward || phase_of(op) == phase::move;
  }
}

/// Those that plans of inference can have.
inline constexpr operation_set inference_operations = [] {
  operation_set set;
  for (const operation_traits& each : table::rows) {
    if (is_for_inference(each.op)) set.add(each.op);
  }
  return set;
}();

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
