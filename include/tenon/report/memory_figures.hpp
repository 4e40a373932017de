// SPDX-License-Identifier: Apache-2.0
// What a memory report says, as numbers and names: steps, tensors, parts of the network, the peak, and a sweep of
// budgets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// What a tensor of the arena is for.
enum class tensor_kind : std::uint8_t {
  given,               ///< an input or a target, copied in before the first step
  activation,          ///< a result of the forward pass, statistics and the loss included
  recomputed,          ///< a result of the forward pass that the backward pass computes once more
  gradient,            ///< of activations
  parameter_gradient,  ///< until its update has read it
  workspace,           ///< scratch memory of one step
};
inline constexpr int tensor_kind_count = 6;

constexpr std::string_view name_of(tensor_kind kind) {
  constexpr std::string_view names[] = {"given",    "activation",         "recomputed",
                                        "gradient", "parameter gradient", "workspace"};
  return names[static_cast<int>(kind)];
}

/// One operation that runs, in order.
struct reported_step {
  std::string operation, scope;
  std::int32_t part = 0;  ///< its number in memory_figures::parts
  std::int64_t macs = 0;
  std::int64_t live_bytes = 0;           ///< of the arena, while it runs; what several tensors hold counts once
  std::vector<std::int64_t> part_bytes;  ///< the same, by part
  bool is_backward = false;              ///< behind the loss

  std::string name() const { return scope.empty() ? operation : operation + " " + scope; }
};

/// What it would take not to keep a tensor, but to recompute it right before the backward step that reads it first.
struct recomputation {
  std::int32_t steps = 0;  ///< that would run again; 0: it cannot be recomputed
  std::int64_t macs = 0;   ///< of them
  std::int64_t bytes = 0;  ///< that they write
};

/// A tensor of the arena. Steps count from 0.
struct reported_tensor {
  std::int32_t value = 0;       ///< its number in the plan's graph
  std::string operation, what;  ///< what makes it, and, if it is not the first result, which one it is
  std::string scope, extents;
  tensor_kind kind = tensor_kind::activation;
  std::int32_t part = 0;                                      ///< its number in memory_figures::parts
  std::int32_t scope_index = 0;                               ///< and in memory_figures::scopes
  std::int64_t offset = 0, bytes = 0;                         ///< in the arena
  std::int32_t first = 0, last = 0;                           ///< steps between which it is alive, both included
  std::int32_t maker = -1;                                    ///< the step that makes it, or -1: copied in
  std::int32_t first_backward_reader = -1, last_reader = -1;  ///< steps, or -1
  std::int32_t recomputed_at = -1;  ///< of an activation that is not kept: the step that recomputes it, or -1
  std::int32_t group = 0;           ///< tensors of one group may share memory: one is the other, or is written over it
  bool is_kept = false;             ///< from the forward pass for the backward pass
  bool is_output = false;
  recomputation to_recompute;  ///< of what is kept; of what is recomputed: what that takes

  std::string name() const {
    std::string text = operation;
    if (!scope.empty()) text += " " + scope;
    if (!what.empty()) text += ", " + what;
    return text;
  }
};

/// The bytes of a part of the network, or of a scope within one.
struct part_figures {
  std::string name{};
  std::int32_t part = 0;           ///< the part it is, or is in
  std::int64_t naive_bytes = 0;    ///< of its tensors, each with memory of its own
  std::int64_t peak_bytes = 0;     ///< of the arena, at the peak
  std::int64_t kept_bytes = 0;     ///< of the arena, between the forward and the backward pass; inputs not included
  std::int64_t outside_bytes = 0;  ///< parameters, running statistics, packed weights, kept gradients, optimizer state
  std::int64_t macs = 0;

  std::int64_t all_bytes() const { return peak_bytes + outside_bytes; }
  void add(const part_figures& other) {
    naive_bytes += other.naive_bytes;
    peak_bytes += other.peak_bytes;
    kept_bytes += other.kept_bytes;
    outside_bytes += other.outside_bytes;
    macs += other.macs;
  }
};

/// One plan of a sweep.
struct sweep_point {
  std::int64_t budget_bytes = 0;  ///< what was asked for; 0: nothing, the plan adds no work
  std::int64_t arena_bytes = 0;   ///< what was found
  std::int64_t added_macs = 0;
  double added_percent = 0;  ///< of the step's multiply-accumulates
  std::string retentions;    ///< what stands in the brackets of tenon::recompute<"...">
};

/// All that a report says. Sizes are in bytes.
struct memory_figures {
  std::string title;
  bool trains = false;
  std::int64_t naive_bytes = 0;        ///< of all tensors of the arena, nothing shared; what is recomputed counts once
  std::int64_t arena_bytes = 0;        ///< planned
  std::int64_t lower_bound_bytes = 0;  ///< what no placement of these steps can go below
  std::int64_t peak_bytes = 0;         ///< alive at the peak; the rest of the arena are gaps between tensors
  std::int32_t peak_step = 0;          ///< the first of so many bytes
  std::int64_t kept_bytes = 0;         ///< between the forward and the backward pass; inputs not included
  std::int64_t parameter_bytes = 0, packed_bytes = 0, gradient_bytes = 0, optimizer_bytes = 0;  ///< outside the arena
  std::int64_t macs = 0, recomputed_macs = 0;  ///< of a step; those of them that compute again what was not kept
  std::int32_t loss_step = -1;                 ///< the last of the forward pass, or -1
  std::vector<reported_step> steps;
  std::vector<reported_tensor> tensors;  ///< by number of the value
  std::vector<part_figures> parts;       ///< in order of first use
  std::vector<part_figures> scopes;      ///< the scopes within the parts, in order of first use
  std::vector<sweep_point> sweep;        ///< from the largest arena to the smallest; empty if none was made

  std::int64_t outside_bytes() const { return parameter_bytes + packed_bytes + gradient_bytes + optimizer_bytes; }
  std::int64_t all_bytes() const { return arena_bytes + outside_bytes(); }
  /// The name of a step for readers: "step 12 of 40 (convolution head)", counted from 1.
  std::string step_text(std::int32_t step) const {
    return "step " + std::to_string(step + 1) + " of " + std::to_string(steps.size()) + " (" +
           steps[static_cast<std::size_t>(step)].name() + ")";
  }
};

}  // namespace v0
}  // namespace tenon
