// SPDX-License-Identifier: Apache-2.0
// What becomes of gradients before the updates: accumulate, clip_norm, clip_value. A trainer's options.
#pragma once

#include "tenon/core/real.hpp"
#include "tenon/passes/optimizer_rule.hpp"

namespace tenon {
inline namespace v0 {

/// What marks an option for gradients.
struct gradient_option_base {};

/// The gradients of `Steps` steps are averaged, and then every parameter is updated once, in the memory of one step. As
/// PyTorch's usual loop, which divides the loss by the number of steps: each step's mean counts alike. So it equals the
/// update of a batch `Steps` times as large where each step counts as many labels, weighted by their classes (with
/// ignore<> or class_weights<> steps may count different ones, and then labels of a step with few weigh more), and
/// where no norm is by the batch's statistics, which are each step's own.
///
/// Steps between leave parameters and optimizer state as they were; running statistics follow at each. The learning
/// rate is that of the last of the steps. A step of which no label counts is one of gradient 0 where others wait for
/// it, and none at all where it would be the first. A trainer keeps one gradient a parameter for it: see
/// gradient_bytes.
template <int Steps>
struct accumulate : gradient_option_base {
  static_assert(Steps >= 1, "gradients are accumulated over one step or more");
  static constexpr auto sets = &optimizer_rule::accumulated_steps;
  static constexpr void set(optimizer_rule& rule) { rule.accumulated_steps = Steps; }
};

/// Multiplies all gradients with min(1, Norm / (n + 1e-6)), n the Euclidean norm of all of them together, as
/// torch.nn.utils.clip_grad_norm_. Of accumulated gradients, once. gradient() gives them as they were before. A trainer
/// keeps one gradient a parameter for it: see gradient_bytes.
template <real Norm>
struct clip_norm : gradient_option_base {
  static_assert(Norm.value() > 0, "the greatest norm of the gradients is more than 0");
  static constexpr auto sets = &optimizer_rule::greatest_norm;
  static constexpr void set(optimizer_rule& rule) { rule.greatest_norm = Norm.value(); }
};

/// Clamps every element of a gradient to [-Value, Value], as torch.nn.utils.clip_grad_value_. gradient() gives them as
/// they were before.
template <real Value>
struct clip_value : gradient_option_base {
  static_assert(Value.value() > 0, "the greatest value of a gradient is more than 0");
  static constexpr auto sets = &attributes::clip;
  static constexpr void set(optimizer_rule& rule) { rule.attribute.clip = Value.value(); }
};

}  // namespace v0
}  // namespace tenon
