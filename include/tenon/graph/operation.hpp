// SPDX-License-Identifier: Apache-2.0
// The operations of the intermediate representation, with operands and results of each.
#pragma once

#include <cstdint>

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
  max_pool,      ///< x -> y; the padding is never chosen
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
  binary_cross_entropy,  ///< logits, target -> loss = scale * mean(max(x, 0) - x t + log(1 + e^-|x|))
  total_loss,            ///< losses ... -> their sum

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

}  // namespace v0
}  // namespace tenon
