// SPDX-License-Identifier: Apache-2.0
// The operations of the intermediate representation, with operands and results of each.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon {
inline namespace v0 {

/// What a node does. Operands stand left of the arrow and results right of it; those in brackets are there when an
/// attribute says so. x, y are activations, w weights, b biases; d of a value is the gradient of the loss by it.
enum class operation : std::uint8_t {
  // Sources: they make a value and are never executed.
  input,      ///< -> x, a network input (attributes.index)
  target,     ///< -> labels (int32: N, [D,] H, W) or values to compare with, a loss's target (attributes.index)
  parameter,  ///< -> a trainable parameter (attributes.index counts parameters)
  buffer,     ///< -> a running statistic (attributes.index counts buffers)
  state,      ///< -> optimizer state of parameter attributes.index; attributes.part tells several apart

  // Forward.
  convolution,             ///< x, w (O, I/groups, k...), [b], [scale, shift, mean, variance: a folded norm] -> y; then
                           ///< attributes.fused
  transposed_convolution,  ///< x, w (I, O/groups, k...), [b] -> y; then attributes.fused
  batch_norm,              ///< x, scale, shift, mean, variance -> y, by given statistics; then attributes.fused
  batch_norm_training,     ///< x, scale, shift -> y, mean, variance (biased) of the batch; then attributes.fused
  relu,                    ///< x -> y
  max_pool,                ///< x -> y; the padding is never chosen
  pad,                     ///< x -> y, zeros around (attributes.padding_begin, padding_end; negative ones crop)
  add,                     ///< a, b -> a + b, of one shape
  concat,                  ///< a, b, ... -> channels side by side
  resize,                  ///< x -> y of the result's size, as attributes.interpolation says

  // Losses: scalars of rank 0. attributes.scale multiplies loss and gradient.
  mean_square,    ///< x, target -> loss = scale * mean((x - target)^2)
  cross_entropy,  ///< logits, labels -> loss, divisor; loss = scale * sum(weight[label] * -log softmax) / divisor,
                  ///< divisor = sum(weight[label])
  total_loss,     ///< losses ... -> their sum

  // Backward.
  convolution_data_gradient,               ///< dy, w -> dx
  convolution_weight_gradient,             ///< x, dy -> dw, [db]
  transposed_convolution_data_gradient,    ///< dy, w -> dx
  transposed_convolution_weight_gradient,  ///< x, dy -> dw, [db]
  batch_norm_gradient,  ///< x, dy, scale, shift, mean, variance -> dx, dscale, dshift; statistics were the batch's.
                        ///< With a fused activation, its mask is made again from x
  batch_norm_frozen_gradient,  ///< the same, but the statistics were given: constants
  relu_gradient,               ///< y, dy -> dx; y the output
  max_pool_gradient,           ///< x, dy -> dx; the first greatest of a window takes the gradient
  concat_gradient,             ///< dy -> dx, the channels from attributes.index on
  resize_gradient,             ///< dy -> dx
  mean_square_gradient,        ///< x, target -> dx
  cross_entropy_gradient,      ///< logits, labels, divisor -> dlogits

  // Updates: results are none, operands are changed.
  running_statistics,  ///< mean, variance (biased), running mean, running variance; attributes.momentum, .index =
                       ///< values a channel
  sgd,                 ///< parameter, gradient, [velocity]
  adam,                ///< parameter, gradient, first moment, second moment

  // Moves, put in by passes.
  reorder,  ///< x -> x in the result's layout
  fill,     ///< -> zeros
};

/// The name of an operation, as reports and tests print it.
constexpr std::string_view name_of(operation op) {
  constexpr std::string_view names[] = {"input",
                                        "target",
                                        "parameter",
                                        "buffer",
                                        "state",
                                        "convolution",
                                        "transposed_convolution",
                                        "batch_norm",
                                        "batch_norm_training",
                                        "relu",
                                        "max_pool",
                                        "pad",
                                        "add",
                                        "concat",
                                        "resize",
                                        "mean_square",
                                        "cross_entropy",
                                        "total_loss",
                                        "convolution_data_gradient",
                                        "convolution_weight_gradient",
                                        "transposed_convolution_data_gradient",
                                        "transposed_convolution_weight_gradient",
                                        "batch_norm_gradient",
                                        "batch_norm_frozen_gradient",
                                        "relu_gradient",
                                        "max_pool_gradient",
                                        "concat_gradient",
                                        "resize_gradient",
                                        "mean_square_gradient",
                                        "cross_entropy_gradient",
                                        "running_statistics",
                                        "sgd",
                                        "adam",
                                        "reorder",
                                        "fill"};
  return names[static_cast<int>(op)];
}

/// Sources make values that exist before the first step.
constexpr bool is_source(operation op) { return op <= operation::state; }
/// Updates change memory that outlives a step.
constexpr bool is_update(operation op) {
  return op == operation::running_statistics || op == operation::sgd || op == operation::adam;
}

}  // namespace v0
}  // namespace tenon
