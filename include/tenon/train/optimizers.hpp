// SPDX-License-Identifier: Apache-2.0
// Optimizers: sgd, adam, adamw. The learning rate is given at each step.
#pragma once

#include <type_traits>

#include "tenon/core/real.hpp"
#include "tenon/passes/optimizer_rule.hpp"

namespace tenon {
inline namespace v0 {

/// What marks an optimizer; a trainer's template argument with this base is its optimizer.
struct optimizer_base {};

/// SGD's share of the old velocity, PyTorch's convention: velocity = Value * velocity + gradient. Default 0.
template <real Value>
struct momentum {
  static_assert(Value.value() >= 0 && Value.value() < 1, "a momentum is at least 0 and below 1");
  static constexpr void set(optimizer_rule& rule) { rule.attribute.momentum = Value.value(); }
};
/// SGD looks ahead by one velocity (Nesterov), as PyTorch's.
struct nesterov {
  static constexpr void set(optimizer_rule& rule) { rule.attribute.nesterov = true; }
};
/// Share of the parameter added to its gradient; AdamW's shrinks the parameter instead. Of all parameters, as
/// PyTorch's.
template <real Value>
struct weight_decay {
  static_assert(Value.value() >= 0, "a weight decay is not negative");
  static constexpr void set(optimizer_rule& rule) { rule.attribute.weight_decay = Value.value(); }
};
/// Adam's shares of the old moments. Default 0.9, 0.999.
template <real First, real Second>
struct betas {
  static_assert(First.value() >= 0 && First.value() < 1 && Second.value() >= 0 && Second.value() < 1,
                "Adam's betas are at least 0 and below 1");
  static constexpr void set(optimizer_rule& rule) {
    rule.attribute.beta1 = First.value();
    rule.attribute.beta2 = Second.value();
  }
};
/// What Adam adds to the root of the second moment. Default 1e-8.
template <real Value>
struct adam_epsilon {
  static_assert(Value.value() >= 0, "Adam's epsilon is not negative");
  static constexpr void set(optimizer_rule& rule) { rule.attribute.epsilon = Value.value(); }
};

template <class Option>
concept optimizer_option = requires(optimizer_rule& rule) {
  Option::set(rule);
};

/// Whether options give a momentum that is not 0.
template <class... Options>
inline constexpr bool rule_has_momentum = [] {
  optimizer_rule made;
  (Options::set(made), ...);
  return made.attribute.momentum > 0;
}();

/// Stochastic gradient descent as PyTorch's SGD. Options: momentum<>, nesterov, weight_decay<>.
template <optimizer_option... Options>
struct sgd : optimizer_base {
  static_assert(((!std::is_same_v<Options, nesterov>)&&...) || rule_has_momentum<Options...>,
                "nesterov needs a momentum");

  static constexpr optimizer_rule rule() {
    optimizer_rule made;
    made.op = operation::sgd;
    (Options::set(made), ...);
    made.states = made.attribute.momentum != 0 ? 1 : 0;
    return made;
  }
};

/// Adam (Kingma and Ba 2015) as PyTorch's Adam. Options: betas<>, adam_epsilon<>, weight_decay<>.
template <optimizer_option... Options>
struct adam : optimizer_base {
  static constexpr optimizer_rule rule() {
    optimizer_rule made;
    made.op = operation::adam;
    made.states = 2;
    made.attribute.beta1 = 0.9;
    made.attribute.beta2 = 0.999;
    made.attribute.epsilon = 1e-8;
    (Options::set(made), ...);
    return made;
  }
};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019) as PyTorch's AdamW; weight decay's default is 0.01.
template <optimizer_option... Options>
struct adamw : optimizer_base {
  static constexpr optimizer_rule rule() {
    optimizer_rule made = adam<weight_decay<0.01>, Options...>::rule();
    made.attribute.decoupled = true;
    return made;
  }
};

}  // namespace v0
}  // namespace tenon
