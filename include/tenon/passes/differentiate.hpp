// SPDX-License-Identifier: Apache-2.0
// differentiate: appends the backward pass and the updates of the parameters.
#pragma once

#include <array>

#include "tenon/graph/growing_graph.hpp"
#include "tenon/graph/operand_list.hpp"
#include "tenon/passes/append_updates.hpp"
#include "tenon/passes/trained_values.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {

/// Appends reverse-mode gradients of the loss, and after each parameter's gradient at once its update.
class differentiator {
 public:
  constexpr differentiator(const graph_view& graph, const optimizer_rule& rule)
      : from_(graph), copy_(graph), updates_(rule) {}

  constexpr growing_graph run() {
    gradients_.assign(from_.values.size(), -1);
    needs_ = find_what_needs_gradients(from_);
    count_readers();
    // Running statistics that a norm reads as well follow at the end: its backward pass reads them as they were.
    list<std::int32_t> waiting;
    for (std::int32_t i = 0; i < from_.node_count(); ++i) {
      const node& each = from_.nodes.first[i];
      if (each.op == operation::running_statistics && readers_.first[from_.operand(each, role::running_mean)] > 0) {
        waiting.push_back(i);
      } else {
        copy_.copy(each);
      }
    }
    for (std::int32_t i = from_.node_count() - 1; i >= 0; --i) {
      const node& current = from_.nodes.first[i];
      if (is_source(current.op) || is_update(current.op)) continue;
      backward(current);
      const std::int32_t* const read = from_.operands.first + current.operands.begin;
      for (std::int32_t o = 0; o < current.operands.count; ++o) {
        const node& source = from_.nodes.first[from_.values.first[read[o]].producer];
        if (source.op != operation::parameter || --readers_.first[read[o]] > 0) continue;
        if (const std::int32_t gradient = gradients_.first[read[o]]; gradient >= 0) {
          updates_.append(copy_.to, source, now(read[o]), gradient);
        } else if (needs(read[o]) && gradients_.first[current.results[0]] >= 0) {
          copy_.to.report(problem::has_no_gradient, current.scope, 1, 0, current.op);  // the rule has left it out
        }
      }
    }
    for (const std::int32_t i : waiting) copy_.copy(from_.nodes.first[i]);
    updates_.append_waiting(copy_.to);
    copy_.copy_outputs();
    return std::move(copy_.to);
  }

 private:
  // How many nodes read each parameter and running statistic.
  constexpr void count_readers() {
    readers_.assign(from_.values.size(), 0);
    for (const node& current : from_.nodes) {
      if (is_update(current.op)) continue;
      const std::int32_t* const read = from_.operands.first + current.operands.begin;
      for (std::int32_t o = 0; o < current.operands.count; ++o) ++readers_.first[read[o]];
    }
  }

  constexpr bool needs(std::int32_t old) const { return needs_.first[old] != 0; }
  constexpr std::int32_t now(std::int32_t old) const { return copy_.renumbered.first[old]; }
  constexpr const shape& extents(std::int32_t old) const { return from_.values.first[old].extents; }

  // Adds a gradient to what a value has so far.
  constexpr void contribute(std::int32_t old, std::int32_t gradient, range scope) {
    std::int32_t& sum = gradients_.first[old];
    if (sum < 0) {
      sum = gradient;
    } else {
      const std::array<std::int32_t, 2> both{sum, gradient};
      sum = copy_.to.make(operation::add, both, {}, extents(old), scope);
    }
  }

  // Appends a gradient node that has one result, for the operand `old`.
  constexpr void append(operation op, array_view<std::int32_t> operands, const node& of, std::int32_t old) {
    contribute(old, copy_.to.make(op, operands, of.attribute, extents(old), of.scope), of.scope);
  }

  constexpr void backward(const node& current) {
    if (current.op == operation::split) return split(current);  // it has several dy
    const std::int32_t dy = gradients_.first[current.results[0]];
    if (dy < 0) {
      if (is_loss(current.op)) loss(current);  // the backward pass begins here: it has no dy
      return;
    }
    if (!needs(current.results[0])) return;
    const operation_traits& traits = traits_of(current.op);
    switch (traits.gradient) {
      case gradient_rule::of_dy:
        return append(traits.gradient_operation, {&dy, 1}, current, x(current));
      case gradient_rule::of_x_and_dy:
        return append(traits.gradient_operation, by_value_and_dy(now(x(current)), dy), current, x(current));
      case gradient_rule::of_y_and_dy:
        return append(traits.gradient_operation, by_value_and_dy(now(current.results[0]), dy), current, x(current));
      case gradient_rule::by_roles:
        return by_roles(current, dy, traits_of(traits.gradient_operation));
      case gradient_rule::of_its_own:
        return by_own_rule(current, dy);
      case gradient_rule::none:
        return copy_.to.report(problem::has_no_gradient, current.scope, 1, 0, current.op);
    }
  }

  constexpr void by_own_rule(const node& current, std::int32_t dy) {
    switch (current.op) {
      case operation::convolution:
        return convolution(current, dy, operation::convolution_data_gradient, operation::convolution_weight_gradient);
      case operation::transposed_convolution:
        return convolution(current, dy, operation::transposed_convolution_data_gradient,
                           operation::transposed_convolution_weight_gradient);
      case operation::batch_norm_training:
        return norm(current, dy, operation::batch_norm_gradient, now(from_.result(current, role::mean)),
                    now(from_.result(current, role::variance)));
      case operation::batch_norm:
        return norm(current, dy, operation::batch_norm_frozen_gradient, now(from_.operand(current, role::mean)),
                    now(from_.operand(current, role::variance)));
      case operation::group_norm:
        return norm(current, dy, operation::group_norm_gradient, now(from_.result(current, role::mean)),
                    now(from_.result(current, role::variance)));
      case operation::activation:
        return activation_function(current, dy);
      case operation::multiply:
        return multiply(current, dy);
      case operation::channel_shuffle:
        return channel_shuffle(current, dy);
      case operation::pad:
        return pad(current, dy);
      case operation::add:
        return add(current, dy);
      case operation::concat:
        return concat(current, dy);
      default:
        copy_.to.report(problem::has_no_gradient, current.scope, 1, 0, current.op);
    }
  }

  // One operation reads what the node reads or has made, and dy; it makes a gradient of each operand.
  constexpr void by_roles(const node& current, std::int32_t dy, const operation_traits& made) {
    operand_list operands(made.op, current.attribute);
    for (const slot& each : made.operands) {
      if (each.is == role::none) break;
      if (!has(current.attribute, each.when)) continue;
      const std::int32_t read = from_.operand(current, each.is);
      operands.set(each.is,
                   each.is == role::output_gradient ? dy : now(read >= 0 ? read : from_.result(current, each.is)));
    }
    const std::int32_t first =
        copy_.to.make(made.op, operands.view(), current.attribute, extents(x(current)), current.scope);
    // All results before the first sum, which is a node of its own.
    std::int32_t differentiated[operation_traits::most_results]{x(current)}, count = 1;
    for (const slot& each : made.results) {
      if (each.is == role::input_gradient || each.is == role::none || !has(current.attribute, each.when)) continue;
      for (std::int32_t o = 0; o < current.operands.count; ++o) {
        if (gradient_of(operand_role(current, o)) != each.is) continue;
        differentiated[count++] = from_.operand(current, o);
        copy_.to.add_result(extents(from_.operand(current, o)));
      }
    }
    while (count-- > 0) {
      if (needs(differentiated[count])) contribute(differentiated[count], first + count, current.scope);
    }
  }

  constexpr std::int32_t x(const node& current) const { return from_.operand(current, 0); }

  // What the gradient operations of the rules of_x_and_dy and of_y_and_dy read (table::reads_what_its_rule_says).
  constexpr std::span<const std::int32_t> by_value_and_dy(std::int32_t number, std::int32_t dy) {
    pair_ = {number, dy};
    return pair_;
  }

  // The gradient operation reads what the loss read and, of a mean over labels, its divisor.
  constexpr void loss(const node& current) {
    // The losses of a sum have gradients themselves.
    if (current.op == operation::total_loss || !needs(x(current))) return;
    if (phase_of(traits_of(current.op).gradient_operation) != phase::backward)
      return copy_.to.report(problem::has_no_gradient, current.scope, 1, 0, current.op);
    list<std::int32_t> operands;
    for (std::int32_t o = 0; o < current.operands.count; ++o) operands.push_back(now(from_.operand(current, o)));
    const std::int32_t divisor = from_.result(current, role::divisor);
    if (divisor >= 0) operands.push_back(now(divisor));
    append(traits_of(current.op).gradient_operation, {operands.data(), operands.size()}, current, x(current));
  }

  constexpr void activation_function(const node& current, std::int32_t dy) {
    const bool from_result = has_gradient_from_result(current.attribute.fused);
    operand_list operands(operation::activation_gradient, current.attribute);
    operands.set(role::activation, now(from_result ? current.results[0] : x(current))).set(role::output_gradient, dy);
    append(operation::activation_gradient, operands.view(), current, x(current));
  }

  // The gradient before a fused activation.
  constexpr std::int32_t before_activation(const node& current, std::int32_t dy) {
    if (current.attribute.fused == activation::none) return dy;
    attributes attribute;
    attribute.fused = current.attribute.fused;
    attribute.slope = current.attribute.slope;
    operand_list operands(operation::activation_gradient, attribute);
    operands.set(role::activation, now(current.results[0])).set(role::output_gradient, dy);
    return copy_.to.make(operation::activation_gradient, operands.view(), attribute, extents(current.results[0]),
                         current.scope);
  }

  // The weights' gradient first, so that the last use of the layer's input comes before its gradient is made.
  constexpr void convolution(const node& current, std::int32_t dy, operation data, operation weight) {
    dy = before_activation(current, dy);
    const std::int32_t w = from_.operand(current, role::weight), b = from_.operand(current, role::bias);
    node without = current;
    without.attribute.fused = activation::none;
    without.attribute.adds = false;
    const std::int32_t residual = from_.operand(current, role::residual);
    if (residual >= 0 && needs(residual)) contribute(residual, dy, current.scope);
    const bool bias = b >= 0 && needs(b);
    if (needs(w) || bias) {
      without.attribute.has_bias = bias;
      operand_list operands(weight, without.attribute);
      operands.set(role::activation, now(x(current))).set(role::output_gradient, dy);
      const std::int32_t dw = copy_.to.make(weight, operands.view(), without.attribute, extents(w), current.scope);
      const std::int32_t db = bias ? copy_.to.add_result(extents(b)) : -1;
      if (needs(w)) contribute(w, dw, current.scope);
      if (bias) contribute(b, db, current.scope);
    }
    without.attribute.has_bias = false;
    if (!needs(x(current))) return;
    operand_list operands(data, without.attribute);
    append(data, operands.set(role::output_gradient, dy).set(role::weight, now(w)).view(), without, x(current));
  }

  // Gradients of a norm recompute its activation's mask from x. With a residual they cannot: then the gradient before
  // the activation is a value, which the residual takes too.
  constexpr void norm(const node& current, std::int32_t dy, operation gradient, std::int32_t mean,
                      std::int32_t variance) {
    node alone = current;
    if (const std::int32_t residual = from_.operand(current, role::residual); residual >= 0) {
      dy = before_activation(current, dy);
      alone.attribute.adds = false;
      alone.attribute.fused = activation::none;
      if (needs(residual)) contribute(residual, dy, current.scope);
    }
    const std::int32_t parameters[] = {from_.operand(current, role::scale), from_.operand(current, role::shift)};
    const bool has_scale = parameters[0] >= 0;
    const bool scales = has_scale && (needs(parameters[0]) || needs(parameters[1]));
    if (!needs(x(current)) && !scales) return;
    // By constants alone dx is a multiple of dy: then x need not be kept unless a mask is made of it.
    const bool by_constants = gradient == operation::batch_norm_frozen_gradient && !scales;
    if (by_constants) alone.attribute.has_scale = false;
    operand_list operands(gradient, alone.attribute);
    operands.set(role::activation, by_constants && alone.attribute.fused == activation::none ? dy : now(x(current)));
    operands.set(role::output_gradient, dy).set(role::mean, mean).set(role::variance, variance);
    if (has_scale) operands.set(role::scale, now(parameters[0])).set(role::shift, now(parameters[1]));
    const std::int32_t dx =
        copy_.to.make(gradient, operands.view(), alone.attribute, extents(x(current)), current.scope);
    if (has_scale && !by_constants) {
      // Both results before the first sum, which is a node of its own.
      const std::int32_t made[] = {copy_.to.add_result(extents(parameters[0])),
                                   copy_.to.add_result(extents(parameters[1]))};
      for (int i = 0; i < 2; ++i) {
        if (needs(parameters[i])) contribute(parameters[i], made[i], current.scope);
      }
    }
    if (needs(x(current))) contribute(x(current), dx, current.scope);
  }

  // The factor's gradient first, so that the other may overwrite dy.
  constexpr void multiply(const node& current, std::int32_t dy) {
    const std::int32_t a = x(current), b = from_.operand(current, role::factor);
    if (needs(b)) {
      if (extents(b) == extents(a)) {
        append_product(dy, now(a), current, b);
      } else {
        operand_list operands(operation::multiply_gradient, current.attribute);
        operands.set(role::activation, now(a)).set(role::output_gradient, dy);
        append(operation::multiply_gradient, operands.view(), current, b);
      }
    }
    if (needs(a)) append_product(dy, now(b), current, a);
  }
  constexpr void append_product(std::int32_t dy, std::int32_t factor, const node& of, std::int32_t old) {
    operand_list operands(operation::multiply, of.attribute);
    append(operation::multiply, operands.set(role::activation, dy).set(role::factor, factor).view(), of, old);
  }

  constexpr void pad(const node& current, std::int32_t dy) {
    node cropped = current;
    for (std::size_t d = 0; d < 3; ++d) {
      cropped.attribute.padding_begin[d] = -current.attribute.padding_begin[d];
      cropped.attribute.padding_end[d] = -current.attribute.padding_end[d];
    }
    append(operation::pad, {&dy, 1}, cropped, x(current));
  }

  constexpr void add(const node& current, std::int32_t dy) {
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t operand = from_.operand(current, o);
      if (needs(operand)) contribute(operand, dy, current.scope);
    }
  }

  constexpr void concat(const node& current, std::int32_t dy) {
    node part = current;
    part.attribute.index = 0;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t operand = from_.operand(current, o);
      if (needs(operand)) append(operation::concat_gradient, {&dy, 1}, part, operand);
      part.attribute.index += extents(operand).channels();
    }
  }

  // The gradients of the parts side by side; zeros for a part that has none.
  constexpr void split(const node& current) {
    list<std::int32_t> parts;
    bool any = false;
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      parts.push_back(gradients_.first[current.results[r]]);
      any = any || parts[static_cast<std::size_t>(r)] >= 0;
    }
    if (!any || !needs(x(current))) return;
    for (std::int32_t r = 0; r < current.results.count; ++r) {
      std::int32_t& part = parts[static_cast<std::size_t>(r)];
      if (part < 0) part = copy_.to.make(operation::fill, {}, {}, extents(current.results[r]), current.scope);
    }
    append(operation::concat, parts, current, x(current));
  }

  // The shuffle of as many groups as a group had channels goes back.
  constexpr void channel_shuffle(const node& current, std::int32_t dy) {
    node back = current;
    back.attribute.groups = extents(x(current)).channels() / current.attribute.groups;
    append(operation::channel_shuffle, {&dy, 1}, back, x(current));
  }

  graph_view from_;
  graph_copy copy_;
  update_appender updates_;
  list<std::int32_t> gradients_, readers_;
  list<char> needs_;
  std::array<std::int32_t, 2> pair_{};
};

/// Appends the backward pass: for every node its gradients, in reverse order, sums where a value was read more than
/// once, and an update as soon as a parameter's gradient is whole and nothing reads the parameter any more.
///
///     x, w -> convolution -> y            x, w -> convolution -> y
///     y, target -> loss            =>     y, target -> loss
///                                         y, target -> mean_square_gradient -> dy
///                                         x, dy -> convolution_weight_gradient -> dw
///                                         w, dw -> sgd
///
/// Gradients of network inputs are not made.
/// requires: a graph in training form
/// problems: has_no_gradient
/// ensures: each trainable parameter that the loss depends on is updated once, after its last reader; running
/// statistics change after their last reader
/// cost: nodes + operands
constexpr growing_graph differentiate(const graph_view& graph, const optimizer_rule& rule) {
  return differentiator(graph, rule).run();
}

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
