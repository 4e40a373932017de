// SPDX-License-Identifier: Apache-2.0
// Weight gradients of our own, for geometries where oneDNN has slow code alone: groups that fill no blocks, dilation
// and volumes without AVX-512.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_ONEDNN_WEIGHT_GRADIENT_HPP
#    define TENON_BACKENDS_ONEDNN_WEIGHT_GRADIENT_HPP

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <utility>

#    include "tenon/backends/kernels/geometry.hpp"
#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"
#    include "tenon/backends/operand.hpp"
#    include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

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

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#    define TENON_KERNEL_FILE "tenon/backends/onednn/weight_gradient.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// image, grid -> the gradient in the parameter's order. The result does not depend on the thread count.
/// requires: a blocked grid, and an image that is blocked or of at most 3 channels.
inline void weight_gradient(kernels::isa set, const attributes& attribute, const operand& image, const operand& grid,
                            float* gradient) {
  const int block = kernels::block_of(set);
  const kernels::geometry seen(image.extents, block), positions(grid.extents, block);
  const auto extents_of = [](const shape& of) { return extent3{of.spatial(0), of.spatial(1), of.spatial(2)}; };
  const bool plain_image = image.arrangement == layout::plain;
  const std::int64_t image_block = seen.pixels * block;
  const weight_gradient_arguments of{image.as<const float>(),
                                     grid.as<const float>(),
                                     gradient,
                                     attribute.kernel,
                                     attribute.stride,
                                     attribute.dilation,
                                     attribute.padding_begin,
                                     extents_of(image.extents),
                                     extents_of(grid.extents),
                                     seen.batch,
                                     seen.channels,
                                     positions.channels,
                                     seen.blocks,
                                     positions.blocks,
                                     plain_image ? 1 : block,
                                     plain_image ? seen.pixels : 1,
                                     image_block,
                                     plain_image ? seen.channels * seen.pixels : seen.blocks * image_block,
                                     attribute.groups};
  const auto part =
      kernels::chosen(set, plain::weight_gradient_part, avx2::weight_gradient_part, avx512::weight_gradient_part);
  const std::int64_t kernel_rows = std::int64_t{attribute.kernel[0]} * attribute.kernel[1];
  kernels::in_parallel(positions.blocks * seen.blocks * kernel_rows, part, of);
}

/// dy (blocked) -> db. The result does not depend on the thread count.
inline void bias_gradient(kernels::isa set, const operand& dy, float* gradient) {
  const kernels::geometry extents(dy.extents, kernels::block_of(set));
  const bias_gradient_arguments of{dy.as<const float>(), gradient,       extents.batch,
                                   extents.channels,     extents.blocks, extents.depth * extents.height,
                                   extents.width};
  const auto part =
      kernels::chosen(set, plain::bias_gradient_part, avx2::bias_gradient_part, avx512::bias_gradient_part);
  kernels::in_parallel(extents.blocks, part, of);
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace onednn {
namespace TENON_KERNEL_ISA {

namespace lanes = kernels::TENON_KERNEL_ISA;

/// Positions of one row of the grid that see the image through one tap.
struct row_of_positions {
  const float* grid;
  const float* image;
  std::int64_t count, image_step, image_channel;
};

/// Adds grid lanes times image channel to one vector a channel; the vectors stay in registers.
template <std::size_t... Channel>
TENON_KERNEL inline void add_products(const row_of_positions& of, lanes::vec* sums, std::index_sequence<Channel...>) {
  lanes::vec sum[] = {sums[Channel]...};
  // The channels of a whole block lie side by side.
  const std::int64_t step = sizeof...(Channel) == lanes::block ? 1 : of.image_channel;
  const float* image = of.image;
  for (std::int64_t i = 0; i < of.count; ++i, image += of.image_step) {
    const lanes::vec grid = lanes::load(of.grid + i * lanes::block);
    ((sum[Channel] += grid * image[static_cast<std::int64_t>(Channel) * step]), ...);
  }
  ((sums[Channel] = sum[Channel]), ...);
}

TENON_KERNEL inline void add_products(const row_of_positions& of, lanes::vec* sums, std::int64_t channels) {
  if (channels == 1) return add_products(of, sums, std::make_index_sequence<1>());
  if (channels == 2) return add_products(of, sums, std::make_index_sequence<2>());
  if (channels == 3) return add_products(of, sums, std::make_index_sequence<3>());
  return add_products(of, sums, std::make_index_sequence<lanes::block>());
}

/// One grid block (from `lane` on), one image block, one row of the kernel.
struct kernel_row {
  std::int64_t grid_block, image_block, depth, height;
  int lane;
};

/// Sums taps first_tap, ..., first_tap + taps - 1 of a kernel row over all positions.
TENON_KERNEL inline void sum_taps(const weight_gradient_arguments& of, const kernel_row& at, std::int64_t first_tap,
                                  std::int64_t taps, lanes::vec (*sums)[lanes::block]) {
  const std::int64_t channels = std::min<std::int64_t>(lanes::block, of.image_channels - at.image_block * lanes::block);
  for (std::int64_t tap = 0; tap < taps; ++tap)
    for (int i = 0; i < lanes::block; ++i) sums[tap][i] = lanes::vec{};
  for (std::int64_t n = 0; n < of.batch; ++n)
    for (std::int64_t d = 0; d < of.grid_extents[0]; ++d) {
      const std::int64_t from_depth = d * of.stride[0] - of.padding[0] + at.depth * of.dilation[0];
      if (from_depth < 0 || from_depth >= of.image_extents[0]) continue;
      for (std::int64_t h = 0; h < of.grid_extents[1]; ++h) {
        const std::int64_t from_height = h * of.stride[1] - of.padding[1] + at.height * of.dilation[1];
        if (from_height < 0 || from_height >= of.image_extents[1]) continue;
        const std::int64_t grid_row =
            ((n * of.grid_blocks + at.grid_block) * of.grid_extents[0] + d) * of.grid_extents[1] + h;
        const float* grid = of.grid + grid_row * of.grid_extents[2] * lanes::block + at.lane;
        const float* image = of.image + n * of.image_batch + at.image_block * of.image_block +
                             (from_depth * of.image_extents[1] + from_height) * of.image_extents[2] * of.image_pixel;
        for (std::int64_t tap = 0; tap < taps; ++tap) {
          // Position w sees column w * stride + offset; only those inside the image count.
          const std::int64_t offset = (first_tap + tap) * of.dilation[2] - of.padding[2], stride = of.stride[2];
          const std::int64_t first = offset >= 0 ? 0 : (stride - 1 - offset) / stride;
          const std::int64_t room = of.image_extents[2] - offset;
          const std::int64_t last =
              room <= 0 ? 0 : std::min<std::int64_t>(of.grid_extents[2], (room + stride - 1) / stride);
          if (first >= last) continue;
          const row_of_positions row{grid + first * lanes::block, image + (first * stride + offset) * of.image_pixel,
                                     last - first, stride * of.image_pixel, of.image_channel};
          add_products(row, sums[tap], channels);
        }
      }
    }
}

TENON_KERNEL inline void weight_gradient_part(const weight_gradient_arguments& of, std::int64_t begin,
                                              std::int64_t end) {
  constexpr std::int64_t most_taps = 8;
  const std::int64_t depth = of.kernel[0], height = of.kernel[1], width = of.kernel[2];
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t rows = depth * height, block = item / rows;
    const std::int64_t group_outs = of.grid_channels / of.groups, group_ins = of.image_channels / of.groups;
    kernel_row at{block / of.image_blocks, block % of.image_blocks, item % rows / height, item % height, 0};
    const kernels::channel_range range(at.grid_block, lanes::block, of.grid_channels, group_outs, group_ins);
    const std::int64_t image_channel = at.image_block * lanes::block;
    if (image_channel >= range.first + range.count || image_channel + lanes::block <= range.first) continue;
    for (; at.lane < lanes::block; at.lane += lanes::width)
      for (std::int64_t first_tap = 0; first_tap < width; first_tap += most_taps) {
        const std::int64_t taps = std::min(most_taps, width - first_tap);
        lanes::vec sums[most_taps][lanes::block];
        sum_taps(of, at, first_tap, taps, sums);
        const std::int64_t first_out = at.grid_block * lanes::block + at.lane, first_in = at.image_block * lanes::block;
        const std::int64_t outs = std::min<std::int64_t>(lanes::width, of.grid_channels - first_out);
        const std::int64_t ins = std::min<std::int64_t>(lanes::block, of.image_channels - first_in);
        for (std::int64_t o = 0; o < outs; ++o)
          for (std::int64_t i = 0; i < ins; ++i) {
            if ((first_out + o) / group_outs != (first_in + i) / group_ins) continue;
            const std::int64_t weights = (first_out + o) * group_ins + (first_in + i) % group_ins;
            float* to = of.gradient + (weights * rows + item % rows) * width + first_tap;
            for (std::int64_t tap = 0; tap < taps; ++tap) to[tap] = sums[tap][i][o];
          }
      }
  }
}

TENON_KERNEL inline void bias_gradient_part(const bias_gradient_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t block = begin; block < end; ++block)
    for (int lane = 0; lane < lanes::block; lane += lanes::width) {
      // Rows are summed on their own first: sums of like size lose less.
      lanes::vec total = {};
      for (std::int64_t n = 0; n < of.batch; ++n)
        for (std::int64_t r = 0; r < of.rows; ++r) {
          const float* row = of.dy + ((n * of.blocks + block) * of.rows + r) * of.width * lanes::block + lane;
          lanes::vec sum = {};
          for (std::int64_t w = 0; w < of.width; ++w) sum += lanes::load(row + w * lanes::block);
          total += sum;
        }
      const std::int64_t first = block * lanes::block + lane;
      if (first < of.channels) lanes::store_some(of.gradient + first, total, of.channels - first);
    }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#endif
