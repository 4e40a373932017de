// SPDX-License-Identifier: Apache-2.0
// The plan as backends and the runtime see it: a graph, where each value lies, and in which order nodes run.
#pragma once

#include <cstdint>

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// The memory a value lies in. Each is one allocation.
enum class memory_space : std::uint8_t {
  none,       ///< nowhere: nobody reads it
  arena,      ///< shared by values whose live ranges do not overlap
  parameter,  ///< the weights, in PyTorch's layouts, back to back; then the running statistics
  optimizer,  ///< momentum and moments, of parameters that are trained
  gradient,   ///< gradients that are kept, of the same
};
inline constexpr int memory_space_count = 5;

/// Where a value lies: bytes from the start of its space.
struct placement {
  memory_space space = memory_space::none;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

/// A planned graph. Its nodes run in order; sources are skipped.
struct plan_view {
  graph_view graph;
  array_view<placement> placements;    ///< one a value
  array_view<std::int64_t> packed;     ///< one a node: offset of its packed weights, or -1; nodes may share them
  std::int32_t loss = -1;              ///< the value that is the loss, or -1
  std::int32_t loss_node = -1;         ///< nodes after it are the backward pass and the updates
  std::int32_t update_node = -1;       ///< nodes from it on wait for the gradients of all accumulated steps
  std::int32_t accumulated_steps = 1;  ///< after how many steps those run
  std::int64_t arena_bytes = 0;
  std::int64_t packed_bytes = 0;
  std::int64_t parameter_bytes = 0;  ///< of the parameters alone
  std::int64_t buffer_bytes = 0;     ///< of the running statistics, which follow the parameters
  std::int64_t gradient_bytes = 0;
  std::int64_t optimizer_bytes = 0;

  /// The same sizes with these tables.
  constexpr plan_view with(const graph_view& of, array_view<placement> places, array_view<std::int64_t> weights) const {
    plan_view planned = *this;
    planned.graph = of;
    planned.placements = places;
    planned.packed = weights;
    return planned;
  }
};

/// What changes from step to step.
struct step_arguments {
  float learning_rate = 0;
  std::int64_t step = 0;    ///< counted from 1, for dropouts
  std::uint64_t seed = 0;   ///< of dropouts
  std::int64_t update = 0;  ///< counted from 1, for Adam's bias correction; 0: as `step`
  bool starts_sum = true;   ///< the first of the steps whose gradients are accumulated

  std::int64_t update_number() const { return update == 0 ? step : update; }
};

}  // namespace v0
}  // namespace tenon
