// SPDX-License-Identifier: Apache-2.0
// Weight gradients of depthwise convolutions and transposed ones, in two and three dimensions, of any stride and
// dilation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/convolution/taps.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// A window slides over the image, and the grid has its positions: of a convolution the image is x and the grid dy, of
/// a transposed one the other way round.
struct depthwise_gradient_arguments {
  const float* image;
  const float* grid;
  const float* dy;       ///< image or grid
  float* sums;           ///< of (part, block, tap or bias, lane)
  float* gradient;       ///< (channel, tap)
  float* bias_gradient;  ///< nullptr: none is wanted
  blocked_extents image_extents, positions, dy_extents;
  tap_dimension depth, height;
  const tap_rows* rows;
  std::int64_t parts;

  std::int64_t taps() const { return depth.taps * height.taps * rows->along().taps; }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/depthwise_weight_gradient_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// image, grid (blocked) -> the gradient in the parameter's order, and the bias's. The result does not depend on the
/// thread count. requires: room for depthwise_gradient_sums.
template <class Arguments = depthwise_gradient_arguments>
void depthwise_gradient(isa set, const Arguments& of) {
  const auto sum = dispatch(set, &baseline::depthwise_sums_part<Arguments>, &avx2::depthwise_sums_part<Arguments>,
                            &avx512::depthwise_sums_part<Arguments>);
  in_parallel(of.parts * of.image_extents.blocks, sum, of);
  const auto join = dispatch(set, &baseline::join_depthwise_part<Arguments>, &avx2::join_depthwise_part<Arguments>,
                             &avx512::join_depthwise_part<Arguments>);
  in_parallel(of.image_extents.blocks, join, of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
