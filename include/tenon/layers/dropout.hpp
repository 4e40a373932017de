// SPDX-License-Identifier: Apache-2.0
// Dropouts: dropout, dropout_channels.
#pragma once

#include <array>

#include "tenon/core/real.hpp"
#include "tenon/layers/layer.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Appends a dropout of elements or of whole channels.
constexpr symbol append_dropout(symbol x, double rate, bool channelwise) {
  attributes attribute;
  attribute.rate = rate;
  attribute.channelwise = channelwise;
  attribute.index = x.to->next_dropout();
  const std::array<std::int32_t, 1> operands{x.number};
  return x.to->make(operation::dropout, operands, attribute, x.extents());
}

/// While training, each element becomes 0 with probability Rate and the others are divided by 1 - Rate (Srivastava et
/// al. 2014), as PyTorch's Dropout; a predictor has none. What becomes 0 follows from the trainer's seed, the number of
/// the step, the dropout and the element, and neither from threads nor from the backend.
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// errors: a rate below 0, or of 1 and more, does not compile; a rate of 0 does nothing
/// example: conv2d<8>{} >> dropout<0.1>{} >> conv2d<11>{}
template <real Rate = 0.5>
struct dropout : layer<dropout<Rate>> {
  static_assert(Rate.value() >= 0 && Rate.value() < 1, "a dropout's rate is at least 0 and below 1");
  constexpr symbol body(symbol x) const { return append_dropout(x, Rate.value(), false); }
};

/// The same for whole channels of an image, which become 0 together (Tompson et al. 2015), as PyTorch's Dropout2d and
/// Dropout3d.
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// errors: a rate below 0, or of 1 and more, does not compile; a rate of 0 does nothing
/// example: conv2d<8>{} >> dropout_channels<0.01>{}
template <real Rate = 0.5>
struct dropout_channels : layer<dropout_channels<Rate>> {
  static_assert(Rate.value() >= 0 && Rate.value() < 1, "a dropout's rate is at least 0 and below 1");
  constexpr symbol body(symbol x) const { return append_dropout(x, Rate.value(), true); }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
