// SPDX-License-Identifier: Apache-2.0
// linear.
#pragma once

#include <array>

#include "tenon/graph/limits.hpp"
#include "tenon/layers/layer.hpp"
#include "tenon/layers/options.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// A linear map of all values of an image, in the order channel, depth, height, width, as PyTorch's Flatten and Linear:
/// a convolution whose kernel covers the image.
///
/// shapes: (N, C, [D,] H, W) -> (N, Outputs, [1,] 1, 1)
/// parameters: weight (Outputs, C x pixels), bias (Outputs) unless no_bias
/// MACs: N x Outputs x C x pixels
/// saved for the backward pass: its input
/// options: no_bias, initializers
/// problems: not_positive, extent_too_great
/// example: global_average_pool{} >> linear<11>{}
template <int Outputs, weight_option... Options>
struct linear : layer<linear<Outputs, Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr weight_options options = collect<weight_options, Options...>();
    builder& to = *x.to;
    if (Outputs < 1) {
      to.report(problem::not_positive, 1, Outputs);
      return x;
    }
    attributes attribute;
    attribute.has_bias = options.bias;
    shape made = x.extents();
    made[1] = Outputs;
    std::int64_t values = x.channels();
    for (int d = 0; d < 3; ++d) {
      values = saturated_product(values, x.extents().spatial(d));
      attribute.kernel[static_cast<std::size_t>(d)] = x.extents().spatial(d);
      made.set_spatial(d, 1);
    }
    const shape weights(Outputs, to.narrow_extent(values, to.scope()));
    const std::int32_t weight = to.parameter("weight", weights, options.initial);
    const std::int32_t bias = options.bias ? to.parameter("bias", shape(Outputs), initializer::zeros) : 0;
    const std::array<std::int32_t, 3> operands{x.number, weight, bias};
    return to.make(operation::convolution, {operands.data(), options.bias ? 3u : 2u}, attribute, made);
  }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
