// SPDX-License-Identifier: Apache-2.0
// How the extents of results follow from those of operands.
#pragma once

#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {

/// The extent a window covers: dilation * (kernel - 1) + 1.
constexpr std::int64_t window_extent(const attributes& attribute, int dimension) {
  return std::int64_t{attribute.dilation.extents[dimension]} * (attribute.kernel.extents[dimension] - 1) + 1;
}

/// The input's extent with its padding.
constexpr std::int64_t padded_extent(const shape& input, const attributes& attribute, int dimension) {
  return std::int64_t{input.spatial(dimension)} + attribute.padding_begin.extents[dimension] +
         attribute.padding_end.extents[dimension];
}

/// The extents after a convolution or a pooling, rounded down as PyTorch does; at least 1, so that a wrong network can
/// be lowered to its end.
constexpr shape window_shape(const shape& input, const attributes& attribute, std::int32_t channels) {
  shape result = input;
  result.extents[1] = channels;
  for (int d = 0; d < 3; ++d) {
    if (input.rank - 3 + d < 2) continue;  // the depth of a 2-D tensor
    const std::int64_t room = padded_extent(input, attribute, d) - window_extent(attribute, d);
    result.extents[input.rank - 3 + d] = room < 0 ? 1 : shape::clamp(room / attribute.stride.extents[d] + 1);
  }
  return result;
}

/// An extent after a transposed convolution: (in - 1) * stride - padding + window + output padding.
constexpr std::int64_t transposed_extent(const shape& input, const attributes& attribute, int dimension,
                                         const extent3& output_padding) {
  const auto d = static_cast<std::size_t>(dimension);
  return std::int64_t{input.spatial(dimension) - 1} * attribute.stride[d] - attribute.padding_begin[d] -
         attribute.padding_end[d] + window_extent(attribute, dimension) + output_padding[d];
}

/// The extents after a transposed convolution, at least 1, so that a wrong network can be lowered to its end.
constexpr shape transposed_window_shape(const shape& input, const attributes& attribute, std::int32_t channels,
                                        const extent3& output_padding) {
  shape result = input;
  result[1] = channels;
  for (int d = 0; d < 3; ++d) {
    const std::int64_t extent = transposed_extent(input, attribute, d, output_padding);
    result.set_spatial(d, extent < 1 ? 1 : shape::clamp(extent));
  }
  return result;
}

/// The shape of a convolution's weights: (to, from, kernel...).
constexpr shape weight_shape(int spatial_rank, std::int32_t to, std::int32_t from, const extent3& kernel) {
  return spatial_rank == 2 ? shape(to, from, kernel[1], kernel[2]) : shape(to, from, kernel[0], kernel[1], kernel[2]);
}

}  // namespace v0
}  // namespace tenon
