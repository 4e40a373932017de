// SPDX-License-Identifier: Apache-2.0
// The operations of the intermediate representation, and the table of what passes, the planner and backends need to
// know of each one; operation_lookup.hpp asks it.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// What a node does. Operands stand left of the arrow and results right of it; those in brackets are there when an
/// attribute says so. x, y are activations, w weights, b biases; d of a value is the gradient of the loss by it.
enum class operation : std::uint8_t {
  // Sources: they make a value and are never executed.
  input,         ///< -> x, a network input (attributes.index)
  target,        ///< -> labels (int32: N, [D,] H, W) or values to compare with, a loss's target (attributes.index)
  parameter,     ///< -> a trainable parameter (attributes.index counts parameters)
  buffer,        ///< -> a running statistic (attributes.index counts buffers)
  state,         ///< -> optimizer state of parameter attributes.index; attributes.part tells several apart
  gradient_sum,  ///< -> the gradient of parameter attributes.index, summed over the steps before

  // Forward.
  convolution,  ///< x, w (O, I/groups, k...), [b], [scale, shift, mean, variance: a folded norm], [residual] ->
                ///< y; then attributes.fused
  transposed_convolution,  ///< x, w (I, O/groups, k...), [b] -> y; then attributes.fused
  batch_norm,  ///< x, scale, shift, mean, variance, [residual] -> y, by given statistics; then attributes.fused
  batch_norm_training,  ///< x, scale, shift, [residual] -> y, mean, variance (biased) of the batch; then
                        ///< attributes.fused
  group_norm,           ///< x, [scale, shift], [residual] -> y, mean, variance (biased) of each image's groups (N x
                        ///< attributes.groups); then attributes.fused
  group_norm_given,     ///< x, [scale, shift], mean, variance, [residual] -> y, by given statistics; then
                        ///< attributes.fused
  activation,           ///< x -> y = attributes.fused of x
  prelu,                ///< x, slope (of each channel, or one) -> y = x > 0 ? x : slope x
  softmax,              ///< x -> y, over the channels of each pixel
  dropout,       ///< x -> y: x / (1 - rate), or 0 with probability attributes.rate, of elements or whole channels
                 ///< (attributes.channelwise); what stays follows from attributes.index, the step's number, the
                 ///< seed and the element's number in contiguous order, so its gradient is the same operation
  max_pool,      ///< x -> y; the padding counts as -infinity
  average_pool,  ///< x -> y; the padding counts if attributes.counts_padding
  adaptive_average_pool,  ///< x -> y of the result's size; window i is [floor(i in / out), ceil((i + 1) in / out))
  pad,                    ///< x -> y, zeros around (attributes.padding_begin, padding_end; negative ones crop)
  add,                    ///< a, b -> a + b, of one shape
  multiply,               ///< a, b -> a * b; b of a's shape, or of one pixel an image, which then counts for all
  concat,                 ///< a, b, ... -> channels side by side
  split,                  ///< x -> its channels in parts, one after the other
  channel_shuffle,        ///< x -> y; channel g * (C / groups) + i becomes channel i * groups + g
  resize,                 ///< x -> y of the result's size, as attributes.interpolation says

  // Losses: scalars of rank 0. attributes.scale multiplies loss and gradient.
  mean_square,    ///< x, target -> loss = scale * mean((x - target)^2)
  cross_entropy,  ///< logits, labels -> loss, divisor; loss = scale * sum(weight[label] * -log softmax) / divisor,
                  ///< divisor = sum(weight[label])
  resized_cross_entropy,  ///< logits, labels -> loss, divisor: of the logits resized to the labels' extents, as
                          ///< attributes.interpolation says
  binary_cross_entropy,   ///< logits, target -> loss = scale * mean(max(x, 0) - x t + log(1 + e^-|x|))
  total_loss,             ///< losses ... -> their sum

  // Backward.
  convolution_data_gradient,               ///< dy, w -> dx
  convolution_weight_gradient,             ///< x, dy -> dw, [db]
  transposed_convolution_data_gradient,    ///< dy, w -> dx
  transposed_convolution_weight_gradient,  ///< x, dy -> dw, [db]
  batch_norm_gradient,  ///< x, dy, scale, shift, mean, variance -> dx, dscale, dshift; statistics were the batch's.
                        ///< With a fused activation, its mask is recomputed from x
  batch_norm_frozen_gradient,  ///< the same, but the statistics were given: constants. Where scale and shift are, too,
                               ///< dx is the only result, and x may be dy where nothing is fused
  group_norm_gradient,    ///< x, dy, [scale, shift], mean, variance -> dx, [dscale, dshift]. With a fused activation,
                          ///< its mask is recomputed from x
  activation_gradient,    ///< y, dy -> dx; y the output, but of a hard swish the input
  prelu_gradient,         ///< x, dy, slope -> dx, dslope
  softmax_gradient,       ///< y, dy -> dx
  max_pool_gradient,      ///< x, dy -> dx; the first greatest of a window takes the gradient
  average_pool_gradient,  ///< dy -> dx
  adaptive_average_pool_gradient,  ///< dy -> dx
  multiply_gradient,               ///< a, dy -> db, for b of one pixel an image: sums of a * dy
  concat_gradient,                 ///< dy -> dx, the channels from attributes.index on
  resize_gradient,                 ///< dy -> dx
  mean_square_gradient,            ///< x, target -> dx
  cross_entropy_gradient,          ///< logits, labels, divisor -> dlogits
  resized_cross_entropy_gradient,  ///< logits, labels, divisor -> dlogits, of the logits before they were resized
  binary_cross_entropy_gradient,   ///< logits, target -> dlogits

  accumulate,  ///< sum, gradient -> sum + scale * gradient, without the sum in the first of attributes.part steps; it
               ///< lies where the sum does
  clip_norm,   ///< gradients ... -> factor = min(1, attributes.clip / (their norm + 1e-6))

  // Updates: results are none, operands are changed. They clamp the gradient to attributes.clip, if that is not 0, and
  // multiply it with the factor.
  running_statistics,  ///< mean, variance (biased), running mean, running variance; attributes.momentum, .scale =
                       ///< what makes the variance unbiased
  sgd,                 ///< parameter, gradient, [factor], [velocity]
  adam,                ///< parameter, gradient, [factor], first moment, second moment

  // Moves, put in by passes.
  reorder,  ///< x -> x in the result's layout
  fill,     ///< -> zeros
};

/// When an operation runs.
enum class phase : std::uint8_t {
  source,    ///< never: its value is there before a step begins
  forward,   ///< in the forward pass, and in the backward pass where its result is recomputed
  loss,      ///< at the end of the forward pass: it gives a scalar
  backward,  ///< in the backward pass: it gives gradients
  update,    ///< behind the loss: it changes memory that outlives a step
  move,      ///< where a pass has put it: it moves values without computing
};

/// What an operand or a result is to its node. Gradients are those of the loss.
enum class role : std::uint8_t {
  none,
  activation,       ///< features: (N, C, [D,] H, W)
  factor,           ///< of a product: features, or one pixel an image
  residual,         ///< features that are added to the result, before the fused activation
  output_gradient,  ///< dy, by what the forward operation made
  input_gradient,   ///< dx, by the features that the forward operation read
  weight,
  bias,
  scale,  ///< of a norm: gamma
  shift,  ///< of a norm: beta
  mean,
  variance,
  slope,
  weight_gradient,
  bias_gradient,
  scale_gradient,
  shift_gradient,
  slope_gradient,
  labels,    ///< of classes
  expected,  ///< values that a loss compares with
  loss,
  divisor,  ///< of a mean
  source,   ///< whatever a source gives
  parameter,
  parameter_gradient,
  gradient_sum,
  gradient_factor,
  optimizer_state,
  running_mean,
  running_variance,
};

/// The role of the gradient of what stands in a role, or none.
constexpr role gradient_of(role of) {
  return of == role::activation ? role::input_gradient
         : of == role::weight   ? role::weight_gradient
         : of == role::bias     ? role::bias_gradient
         : of == role::scale    ? role::scale_gradient
         : of == role::shift    ? role::shift_gradient
         : of == role::slope    ? role::slope_gradient
                                : role::none;
}

/// Whether an update changes what it has in a role. It runs behind every reader of that, so that all of a step reads
/// the values from before it (graph/dependences.hpp).
constexpr bool is_changed(role of) {
  return of == role::parameter || of == role::optimizer_state || of == role::running_mean ||
         of == role::running_variance;
}

/// Which nodes have an operand or a result; those behind `repeated` ask an attribute.
enum class presence : std::uint8_t {
  always,
  repeated,       ///< any number of them, behind all others
  with_bias,      ///< attributes.has_bias
  with_norm,      ///< attributes.folds_norm
  with_scale,     ///< attributes.has_scale
  with_residual,  ///< attributes.adds
  with_factor,    ///< attributes.has_factor
};

/// An operand or a result, as the table has it.
struct slot {
  role is = role::none;
  presence when = presence::always;
  /// The first result may lie over the operand where the backend can work in place: element i of the result depends on
  /// no element of the operand that was written over before.
  bool may_be_overwritten = false;
};

/// How the gradient of a forward operation's first operand (dx) follows from that of its first result (dy).
enum class gradient_rule : std::uint8_t {
  none,         ///< there is no gradient: a network that needs it is refused
  of_dy,        ///< gradient_operation: dy -> dx
  of_x_and_dy,  ///< gradient_operation: x, dy -> dx
  of_y_and_dy,  ///< gradient_operation: y, dy -> dx
  by_roles,     ///< gradient_operation: what it reads by the roles of the operation's own operands and results, and dy
                ///< -> dx and a gradient of each parameter, by its role
  of_its_own,   ///< passes/differentiate.hpp has a function for it; of a loss: gradient_operation reads what it reads
};

/// What is known of an operation.
struct operation_traits {
  static constexpr int most_operands = 8, most_results = 3;

  operation op = operation::input;
  std::string_view name;  ///< as reports and tests print it
  enum phase phase = phase::source;
  slot operands[most_operands]{};  ///< in their order; behind the last are slots of role::none
  slot results[most_results]{};
  gradient_rule gradient = gradient_rule::none;
  operation gradient_operation = operation::fill;
  /// Element i of each activation depends on elements i of the others (and on its channel): all have one layout.
  bool is_elementwise = false;
  /// Of an update: what PyTorch calls the parts of its state, and so checkpoints.
  std::string_view states[2]{};
};

namespace table {

// What most rows share. `over_` stands before what the first result may lie over.
inline constexpr slot x{role::activation}, over_x{role::activation, presence::always, true}, y{role::activation},
    dy{role::output_gradient}, over_dy{role::output_gradient, presence::always, true}, dx{role::input_gradient},
    w{role::weight}, b{role::bias, presence::with_bias}, scale{role::scale}, shift{role::shift}, mean{role::mean},
    variance{role::variance}, residual{role::residual, presence::with_residual, true};
// Of a convolution into which a norm is folded.
inline constexpr slot norm_scale{role::scale, presence::with_norm}, norm_shift{role::shift, presence::with_norm},
    norm_mean{role::mean, presence::with_norm}, norm_variance{role::variance, presence::with_norm};
// Of a group norm that has them.
inline constexpr slot own_scale{role::scale, presence::with_scale}, own_shift{role::shift, presence::with_scale};
// Of an update of clipped gradients.
inline constexpr slot factor{role::gradient_factor, presence::with_factor};
inline constexpr slot loss{role::loss}, labels{role::labels}, expected{role::expected};

// clang-format off
inline constexpr operation_traits rows[] = {
  // Sources.
  {operation::input, "input", phase::source, {}, {{role::source}}},
  {operation::target, "target", phase::source, {}, {{role::source}}},
  {operation::parameter, "parameter", phase::source, {}, {{role::source}}},
  {operation::buffer, "buffer", phase::source, {}, {{role::source}}},
  {operation::state, "state", phase::source, {}, {{role::source}}},
  {operation::gradient_sum, "gradient_sum", phase::source, {}, {{role::source}}},

  // Forward.
  {operation::convolution, "convolution", phase::forward,
   {x, w, b, norm_scale, norm_shift, norm_mean, norm_variance, residual}, {y}, gradient_rule::of_its_own},
  {operation::transposed_convolution, "transposed_convolution", phase::forward,
   {x, w, b}, {y}, gradient_rule::of_its_own},
  {operation::batch_norm, "batch_norm", phase::forward,
   {over_x, scale, shift, mean, variance, residual}, {y}, gradient_rule::of_its_own, operation::fill, true},
  {operation::batch_norm_training, "batch_norm_training", phase::forward,
   {over_x, scale, shift, residual}, {y, mean, variance}, gradient_rule::of_its_own, operation::fill, true},
  {operation::group_norm, "group_norm", phase::forward,
   {over_x, own_scale, own_shift, residual}, {y, mean, variance}, gradient_rule::of_its_own},
  {operation::group_norm_given, "group_norm_given", phase::forward,
   {over_x, own_scale, own_shift, mean, variance, residual}, {y}},
  {operation::activation, "activation", phase::forward,
   {over_x}, {y}, gradient_rule::of_its_own, operation::fill, true},
  {operation::prelu, "prelu", phase::forward,
   {over_x, {role::slope}}, {y}, gradient_rule::by_roles, operation::prelu_gradient},
  {operation::softmax, "softmax", phase::forward,
   {over_x}, {y}, gradient_rule::of_y_and_dy, operation::softmax_gradient},
  {operation::dropout, "dropout", phase::forward, {over_x}, {y}, gradient_rule::of_dy, operation::dropout, true},
  {operation::max_pool, "max_pool", phase::forward,
   {x}, {y}, gradient_rule::of_x_and_dy, operation::max_pool_gradient},
  {operation::average_pool, "average_pool", phase::forward,
   {x}, {y}, gradient_rule::of_dy, operation::average_pool_gradient},
  {operation::adaptive_average_pool, "adaptive_average_pool", phase::forward,
   {x}, {y}, gradient_rule::of_dy, operation::adaptive_average_pool_gradient},
  {operation::pad, "pad", phase::forward, {x}, {y}, gradient_rule::of_its_own},
  {operation::add, "add", phase::forward,
   {over_x, over_x}, {y}, gradient_rule::of_its_own, operation::fill, true},
  {operation::multiply, "multiply", phase::forward,
   {over_x, {role::factor, presence::always, true}}, {y}, gradient_rule::of_its_own},
  {operation::concat, "concat", phase::forward,
   {{role::activation, presence::repeated}}, {y}, gradient_rule::of_its_own},
  {operation::split, "split", phase::forward,
   {x}, {{role::activation, presence::repeated}}, gradient_rule::of_its_own},
  {operation::channel_shuffle, "channel_shuffle", phase::forward, {x}, {y}, gradient_rule::of_its_own},
  {operation::resize, "resize", phase::forward, {x}, {y}, gradient_rule::of_dy, operation::resize_gradient},

  // Losses.
  {operation::mean_square, "mean_square", phase::loss,
   {x, expected}, {loss}, gradient_rule::of_its_own, operation::mean_square_gradient},
  {operation::cross_entropy, "cross_entropy", phase::loss,
   {x, labels}, {loss, {role::divisor}}, gradient_rule::of_its_own, operation::cross_entropy_gradient},
  {operation::resized_cross_entropy, "resized_cross_entropy", phase::loss,
   {x, labels}, {loss, {role::divisor}}, gradient_rule::of_its_own, operation::resized_cross_entropy_gradient},
  {operation::binary_cross_entropy, "binary_cross_entropy", phase::loss,
   {x, expected}, {loss}, gradient_rule::of_its_own, operation::binary_cross_entropy_gradient},
  {operation::total_loss, "total_loss", phase::loss,
   {{role::loss, presence::repeated}}, {loss}, gradient_rule::of_its_own},

  // Backward.
  {operation::convolution_data_gradient, "convolution_data_gradient", phase::backward, {dy, w}, {dx}},
  {operation::convolution_weight_gradient, "convolution_weight_gradient", phase::backward,
   {x, dy}, {{role::weight_gradient}, {role::bias_gradient, presence::with_bias}}},
  {operation::transposed_convolution_data_gradient, "transposed_convolution_data_gradient", phase::backward,
   {dy, w}, {dx}},
  {operation::transposed_convolution_weight_gradient, "transposed_convolution_weight_gradient", phase::backward,
   {x, dy}, {{role::weight_gradient}, {role::bias_gradient, presence::with_bias}}},
  {operation::batch_norm_gradient, "batch_norm_gradient", phase::backward,
   {over_x, over_dy, scale, shift, mean, variance}, {dx, {role::scale_gradient}, {role::shift_gradient}},
   gradient_rule::none, operation::fill, true},
  {operation::batch_norm_frozen_gradient, "batch_norm_frozen_gradient", phase::backward,
   {over_x, over_dy, scale, shift, mean, variance},
   {dx, {role::scale_gradient, presence::with_scale}, {role::shift_gradient, presence::with_scale}},
   gradient_rule::none, operation::fill, true},
  {operation::group_norm_gradient, "group_norm_gradient", phase::backward,
   {over_x, over_dy, own_scale, own_shift, mean, variance},
   {dx, {role::scale_gradient, presence::with_scale}, {role::shift_gradient, presence::with_scale}}},
  {operation::activation_gradient, "activation_gradient", phase::backward,
   {over_x, over_dy}, {dx}, gradient_rule::none, operation::fill, true},
  {operation::prelu_gradient, "prelu_gradient", phase::backward,
   {over_x, over_dy, {role::slope}}, {dx, {role::slope_gradient}}},
  {operation::softmax_gradient, "softmax_gradient", phase::backward, {over_x, over_dy}, {dx}},
  {operation::max_pool_gradient, "max_pool_gradient", phase::backward, {x, dy}, {dx}},
  {operation::average_pool_gradient, "average_pool_gradient", phase::backward, {dy}, {dx}},
  {operation::adaptive_average_pool_gradient, "adaptive_average_pool_gradient", phase::backward, {dy}, {dx}},
  {operation::multiply_gradient, "multiply_gradient", phase::backward, {x, dy}, {dx}},
  {operation::concat_gradient, "concat_gradient", phase::backward, {dy}, {dx}},
  {operation::resize_gradient, "resize_gradient", phase::backward, {dy}, {dx}},
  {operation::mean_square_gradient, "mean_square_gradient", phase::backward,
   {over_x, {role::expected, presence::always, true}}, {dx}},
  {operation::cross_entropy_gradient, "cross_entropy_gradient", phase::backward,
   {over_x, labels, {role::divisor}}, {dx}},
  {operation::resized_cross_entropy_gradient, "resized_cross_entropy_gradient", phase::backward,
   {x, labels, {role::divisor}}, {dx}},
  {operation::binary_cross_entropy_gradient, "binary_cross_entropy_gradient", phase::backward,
   {over_x, {role::expected, presence::always, true}}, {dx}},
  {operation::accumulate, "accumulate", phase::backward,
   {{role::gradient_sum}, {role::parameter_gradient}}, {{role::gradient_sum}}},
  {operation::clip_norm, "clip_norm", phase::backward,
   {{role::parameter_gradient, presence::repeated}}, {{role::gradient_factor}}},

  // Updates.
  {operation::running_statistics, "running_statistics", phase::update,
   {mean, variance, {role::running_mean}, {role::running_variance}}, {}},
  {operation::sgd, "sgd", phase::update,
   {{role::parameter}, {role::parameter_gradient}, factor, {role::optimizer_state, presence::repeated}}, {},
   gradient_rule::none, operation::fill, false, {"momentum_buffer"}},
  {operation::adam, "adam", phase::update,
   {{role::parameter}, {role::parameter_gradient}, factor, {role::optimizer_state, presence::repeated}}, {},
   gradient_rule::none, operation::fill, false, {"exp_avg", "exp_avg_sq"}},

  // Moves.
  {operation::reorder, "reorder", phase::move, {x}, {y}},
  {operation::fill, "fill", phase::move, {}, {y}},
};
// clang-format on

}  // namespace table

}  // namespace v0
}  // namespace tenon
