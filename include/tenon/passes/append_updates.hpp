// SPDX-License-Identifier: Apache-2.0
// The updates of parameters: at once when a gradient is whole, or when all are.
#pragma once

#include "tenon/graph/growing_graph.hpp"
#include "tenon/graph/operand_list.hpp"
#include "tenon/passes/optimizer_rule.hpp"

namespace tenon {
inline namespace v0 {

/// Appends the updates of a training step as an optimizer's rule says.
///
///     w, dw -> sgd                              at once
///
///     sum, dw -> accumulate -> sum'             where gradients of several steps are averaged, or clipped by the norm
///     sum', ... -> clip_norm -> factor          of all of them
///     w, sum', factor -> sgd
class update_appender {
 public:
  constexpr explicit update_appender(const optimizer_rule& rule) : rule_(rule) {}

  /// The gradient of a parameter is whole, and nothing reads the parameter any more. `source` is the parameter's node
  /// in the graph before, `parameter` and `gradient` are values of `to`.
  constexpr void append(growing_graph& to, const node& source, std::int32_t parameter, std::int32_t gradient) {
    if (rule_.accumulated_steps > 1) {
      attributes attribute;
      attribute.index = source.attribute.index;
      const shape extents = to.values.first[parameter].extents;
      const std::int32_t sum = to.make(operation::gradient_sum, {}, attribute, extents, source.scope);
      attribute.part = rule_.accumulated_steps;
      attribute.scale = 1.0 / rule_.accumulated_steps;
      operand_list both(operation::accumulate, attribute);
      both.set(role::gradient_sum, sum).set(role::parameter_gradient, gradient);
      gradient = to.make(operation::accumulate, both.view(), attribute, extents, source.scope);
    }
    const whole_gradient whole{source.attribute.index, source.attribute.learning_rate_factor, source.scope, parameter,
                               gradient};
    if (rule_.waits()) {
      waiting_.push_back(whole);
    } else {
      update(to, whole, -1);
    }
  }

  /// The gradients of all parameters are whole: appends the updates that have waited.
  constexpr void append_waiting(growing_graph& to) {
    std::int32_t factor = -1;
    if (rule_.greatest_norm > 0 && !waiting_.empty()) {
      list<std::int32_t> gradients;
      for (const whole_gradient& each : waiting_) gradients.push_back(each.gradient);
      attributes attribute;
      attribute.clip = rule_.greatest_norm;
      factor = to.make(operation::clip_norm, gradients, attribute, shape());
    }
    for (const whole_gradient& each : waiting_) update(to, each, factor);
  }

 private:
  struct whole_gradient {
    std::int32_t index;
    double learning_rate_factor;
    range scope;
    std::int32_t parameter, gradient;
  };

  constexpr void update(growing_graph& to, const whole_gradient& of, std::int32_t factor) const {
    attributes attribute = rule_.attribute;
    attribute.index = of.index;
    attribute.learning_rate_factor = of.learning_rate_factor;
    attribute.has_factor = factor >= 0;
    operand_list operands(rule_.op, attribute);
    operands.set(role::parameter, of.parameter).set(role::parameter_gradient, of.gradient);
    if (factor >= 0) operands.set(role::gradient_factor, factor);
    for (std::int32_t part = 0; part < rule_.states; ++part) {
      attributes state;
      state.index = of.index;
      state.part = part;
      const shape extents = to.values.first[of.parameter].extents;
      operands.set(role::optimizer_state, to.make(operation::state, {}, state, extents), part);
    }
    to.append(rule_.op, operands.view(), attribute, of.scope);
  }

  optimizer_rule rule_;
  list<whole_gradient> waiting_;
};

}  // namespace v0
}  // namespace tenon
