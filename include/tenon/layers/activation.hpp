// SPDX-License-Identifier: Apache-2.0
// Activations: relu, leaky_relu, relu6, elu, sigmoid, hard_sigmoid, hard_swish, prelu, softmax.
#pragma once

#include <array>

#include "tenon/core/real.hpp"
#include "tenon/layers/layer.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Appends a function of each element.
constexpr symbol append_activation(symbol x, activation function, double slope = 0) {
  attributes attribute;
  attribute.fused = function;
  attribute.slope = slope;
  const std::array<std::int32_t, 1> operands{x.number};
  return x.to->make(operation::activation, operands, attribute, x.extents());
}

/// max(x, 0).
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its result
/// problems: none
/// example: conv2d<8, kernel<3>>{} >> relu{}
struct relu : layer<relu> {
  constexpr symbol body(symbol x) const { return append_activation(x, activation::relu); }
};

/// x where it is positive, Slope x elsewhere. PyTorch's LeakyReLU has slope 0.01.
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its result
/// errors: a negative slope does not compile
/// example: conv2d<8, kernel<3>>{} >> leaky_relu<0.1>{}
template <real Slope = 0.01>
struct leaky_relu : layer<leaky_relu<Slope>> {
  static_assert(Slope.value() >= 0, "a leaky ReLU's slope is not negative");
  constexpr symbol body(symbol x) const { return append_activation(x, activation::leaky_relu, Slope.value()); }
};

/// min(max(x, 0), 6).
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its result
/// problems: none
/// example: conv2d<8, kernel<3>>{} >> relu6{}
struct relu6 : layer<relu6> {
  constexpr symbol body(symbol x) const { return append_activation(x, activation::relu6); }
};

/// x where it is positive, Alpha (e^x - 1) elsewhere (Clevert et al. 2016).
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its result
/// errors: a negative alpha does not compile
/// example: conv2d<8, kernel<3>>{} >> elu<>{}
template <real Alpha = 1.0>
struct elu : layer<elu<Alpha>> {
  static_assert(Alpha.value() >= 0, "an ELU's alpha is not negative");
  constexpr symbol body(symbol x) const { return append_activation(x, activation::elu, Alpha.value()); }
};

/// 1 / (1 + e^-x).
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its result
/// problems: none
/// example: conv2d<1>{} >> sigmoid{}
struct sigmoid : layer<sigmoid> {
  constexpr symbol body(symbol x) const { return append_activation(x, activation::sigmoid); }
};

/// min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its result
/// problems: none
/// example: conv2d<1>{} >> hard_sigmoid{}
struct hard_sigmoid : layer<hard_sigmoid> {
  constexpr symbol body(symbol x) const { return append_activation(x, activation::hard_sigmoid); }
};

/// x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its input
/// problems: none
/// example: conv2d<8, kernel<3>>{} >> hard_swish{}
struct hard_swish : layer<hard_swish> {
  constexpr symbol body(symbol x) const { return append_activation(x, activation::hard_swish); }
};

/// x where it is positive, a learned slope times x elsewhere (He et al. 2015); a slope for each channel.
///
/// shapes: x -> the same
/// parameters: weight (C), at first 0.25; MACs: none
/// saved for the backward pass: its input
/// problems: none
/// example: conv2d<8, kernel<3>>{} >> prelu{}
struct prelu : layer<prelu> {
  constexpr symbol body(symbol x) const {
    builder& to = *x.to;
    const std::array<std::int32_t, 2> operands{x.number,
                                               to.parameter("weight", shape(x.channels()), initializer::quarter)};
    return to.make(operation::prelu, operands, {}, x.extents());
  }
};

/// e^x over its sum over the channels, at each pixel.
///
/// shapes: x -> the same
/// parameters: none; MACs: none
/// saved for the backward pass: its result
/// problems: none
/// example: conv2d<11>{} >> softmax{}
struct softmax : layer<softmax> {
  constexpr symbol body(symbol x) const {
    const std::array<std::int32_t, 1> operands{x.number};
    return x.to->make(operation::softmax, operands, {}, x.extents());
  }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
