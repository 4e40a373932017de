// SPDX-License-Identifier: Apache-2.0
// Weight gradients of our own, for geometries where oneDNN has slow code alone: groups that fill no blocks, dilation
// and volumes without AVX-512.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// A window slides over the image, and the grid has its positions: of a convolution the image is x and the grid dy, of
/// a transposed one the other way round. Gradients are (grid channels, image channels of a group, taps) for both.
/// Strides count floats.
struct weight_gradient_arguments {
  const float* image;
  const float* grid;
  float* gradient;
  extent3 kernel, stride, dilation, padding, image_extents, grid_extents;
  std::int64_t batch, image_channels, grid_channels, image_blocks, grid_blocks;
  std::int64_t image_pixel, image_channel, image_block, image_batch;
  std::int64_t groups;
};

struct bias_gradient_arguments {
  const float* dy;
  float* gradient;
  std::int64_t batch, channels, blocks, rows, width;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/direct_weight_gradient_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// image, grid -> the gradient in the parameter's order. The result does not depend on the thread count.
/// requires: a blocked grid, and an image that is blocked or of at most 3 channels.
template <class Arguments = weight_gradient_arguments>
void direct_weight_gradient(isa set, const attributes& attribute, const operand& image, const operand& grid,
                            float* gradient) {
  const int block = block_of(set);
  const blocked_extents image_geometry(image.extents, block), positions(grid.extents, block);
  const auto extents_of = [](const shape& of) { return extent3{of.spatial(0), of.spatial(1), of.spatial(2)}; };
  const bool contiguous_image = image.arrangement == layout::contiguous;
  const std::int64_t image_block = image_geometry.pixels * block;
  const Arguments of{
      image.as<const float>(),
      grid.as<const float>(),
      gradient,
      attribute.kernel,
      attribute.stride,
      attribute.dilation,
      attribute.padding_begin,
      extents_of(image.extents),
      extents_of(grid.extents),
      image_geometry.batch,
      image_geometry.channels,
      positions.channels,
      image_geometry.blocks,
      positions.blocks,
      contiguous_image ? 1 : block,
      contiguous_image ? image_geometry.pixels : 1,
      image_block,
      contiguous_image ? image_geometry.channels * image_geometry.pixels : image_geometry.blocks * image_block,
      attribute.groups};
  const auto part = dispatch(set, &baseline::weight_gradient_part<Arguments>, &avx2::weight_gradient_part<Arguments>,
                             &avx512::weight_gradient_part<Arguments>);
  const std::int64_t kernel_rows = std::int64_t{attribute.kernel[0]} * attribute.kernel[1];
  in_parallel(positions.blocks * image_geometry.blocks * kernel_rows, part, of);
}

/// dy (blocked) -> db. The result does not depend on the thread count.
inline void bias_gradient(isa set, const operand& dy, float* gradient) {
  const blocked_extents extents(dy.extents, block_of(set));
  const bias_gradient_arguments of{dy.as<const float>(), gradient,       extents.batch,
                                   extents.channels,     extents.blocks, extents.depth * extents.height,
                                   extents.width};
  const auto part = dispatch(set, baseline::bias_gradient_part, avx2::bias_gradient_part, avx512::bias_gradient_part);
  in_parallel(extents.blocks, part, of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
