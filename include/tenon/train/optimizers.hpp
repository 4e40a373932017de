// SPDX-License-Identifier: Apache-2.0
// Optimizers: sgd, adam, adamw, and what checkpoints call them. The learning rate is given at each step.
#pragma once

#include <array>

#include "tenon/core/option_list.hpp"
#include "tenon/core/real.hpp"
#include "tenon/passes/optimizer_rule.hpp"

namespace tenon {
inline namespace v0 {

/// What marks an optimizer; a trainer's template argument with this base is its optimizer.
struct optimizer_base {};

// What the options of an optimizer may set; core/option_list.hpp says how an option does it.

/// Options of every optimizer.
struct optimizer_options {
  double weight_decay = 0;
};
struct sgd_options : optimizer_options {
  double momentum = 0;
  bool nesterov = false;
};
struct adam_options : optimizer_options {
  std::array<double, 2> betas{0.9, 0.999};
  double epsilon = 1e-8;
};

/// SGD's share of the old velocity, PyTorch's convention: velocity = Value * velocity + gradient. Default 0.
template <real Value>
struct momentum {
  static_assert(Value.value() >= 0 && Value.value() < 1, "a momentum is at least 0 and below 1");
  static constexpr auto sets = &sgd_options::momentum;
  static constexpr void set(sgd_options& options) { options.momentum = Value.value(); }
};
/// SGD looks ahead by one velocity (Nesterov), as PyTorch's.
struct nesterov {
  static constexpr auto sets = &sgd_options::nesterov;
  static constexpr void set(sgd_options& options) { options.nesterov = true; }
};
/// Share of the parameter added to its gradient; AdamW's shrinks the parameter instead. Of all parameters, as
/// PyTorch's.
template <real Value>
struct weight_decay {
  static_assert(Value.value() >= 0, "a weight decay is not negative");
  static constexpr auto sets = &optimizer_options::weight_decay;
  static constexpr void set(optimizer_options& options) { options.weight_decay = Value.value(); }
};
/// Adam's shares of the old moments. Default 0.9, 0.999.
template <real First, real Second>
struct betas {
  static_assert(First.value() >= 0 && First.value() < 1 && Second.value() >= 0 && Second.value() < 1,
                "Adam's betas are at least 0 and below 1");
  static constexpr auto sets = &adam_options::betas;
  static constexpr void set(adam_options& options) { options.betas = {First.value(), Second.value()}; }
};
/// What Adam adds to the root of the second moment. Default 1e-8.
template <real Value>
struct adam_epsilon {
  static_assert(Value.value() >= 0, "Adam's epsilon is not negative");
  static constexpr auto sets = &adam_options::epsilon;
  static constexpr void set(adam_options& options) { options.epsilon = Value.value(); }
};

/// An option of SGD.
template <class Option>
concept sgd_option = option_of<Option, sgd_options>;
/// An option of Adam and AdamW.
template <class Option>
concept adam_option = option_of<Option, adam_options>;

/// Stochastic gradient descent as PyTorch's SGD. Options: momentum<>, nesterov, weight_decay<>.
template <sgd_option... Options>
struct sgd : optimizer_base {
  static_assert(given_once<Options...>, "an option is given twice");
  static constexpr sgd_options options = collect<sgd_options, Options...>();
  static_assert(!options.nesterov || options.momentum > 0, "nesterov needs a momentum");

  static constexpr optimizer_rule rule() {
    optimizer_rule made;
    made.op = operation::sgd;
    made.states = options.momentum != 0 ? 1 : 0;
    made.attribute.momentum = options.momentum;
    made.attribute.nesterov = options.nesterov;
    made.attribute.weight_decay = options.weight_decay;
    return made;
  }
};

/// The rule of Adam with the given options.
constexpr optimizer_rule adam_rule(const adam_options& options) {
  optimizer_rule made;
  made.op = operation::adam;
  made.states = 2;
  made.attribute.beta1 = options.betas[0];
  made.attribute.beta2 = options.betas[1];
  made.attribute.epsilon = options.epsilon;
  made.attribute.weight_decay = options.weight_decay;
  return made;
}

/// Adam (Kingma and Ba 2015) as PyTorch's Adam. Options: betas<>, adam_epsilon<>, weight_decay<>.
template <adam_option... Options>
struct adam : optimizer_base {
  static_assert(given_once<Options...>, "an option is given twice");

  static constexpr optimizer_rule rule() { return adam_rule(collect<adam_options, Options...>()); }
};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019) as PyTorch's AdamW; weight decay's default is 0.01.
template <adam_option... Options>
struct adamw : optimizer_base {
  static_assert(given_once<Options...>, "an option is given twice");

  static constexpr optimizer_rule rule() {
    optimizer_rule made = adam_rule(collect<adam_options, weight_decay<0.01>, Options...>());
    made.attribute.decoupled = true;
    return made;
  }
};

}  // namespace v0
}  // namespace tenon
