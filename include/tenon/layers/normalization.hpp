// SPDX-License-Identifier: Apache-2.0
// batch_norm.
#pragma once

#include <array>

#include "tenon/layers/layer.hpp"
#include "tenon/layers/options.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Batch normalisation (Ioffe and Szegedy 2015), one mean and variance a channel, of any rank.
///
/// In training the batch's own statistics normalise and the running ones follow them; in inference the running ones do.
/// Over one value a channel (a 1 x 1 map of batch 1) training too uses the running statistics, and leaves them.
/// shapes: x -> the same
/// parameters: weight (C), bias (C)
/// buffers: running_mean (C), running_var (C, unbiased as PyTorch's), num_batches_tracked
/// saved for the backward pass: its input, and the batch's mean and variance
/// options: epsilon<1e-5>, running_share<0.1>
template <norm_option... Options>
struct batch_norm : layer<batch_norm<Options...>> {
  constexpr symbol body(symbol x) const {
    constexpr norm_options options = collect<norm_options, Options...>();
    builder& to = *x.to;
    const shape channels(x.channels());
    const std::array<std::int32_t, 5> operands{x.number, to.parameter("weight", channels, initializer::ones),
                                               to.parameter("bias", channels, initializer::zeros),
                                               to.buffer("running_mean", channels, initializer::zeros),
                                               to.buffer("running_var", channels, initializer::ones)};
    attributes attribute;
    attribute.epsilon = options.epsilon;
    attribute.momentum = options.momentum;
    return to.make(operation::batch_norm, operands, attribute, x.extents());
  }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
