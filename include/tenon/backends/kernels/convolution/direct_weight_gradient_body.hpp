// SPDX-License-Identifier: Apache-2.0
// The kernels of direct_weight_gradient.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Positions of one row of the grid that see the image through one tap.
struct row_of_positions {
  const float* grid;
  const float* image;
  std::int64_t count, image_step, image_channel;
};

/// Adds grid lanes times image channel to one vector a channel; the vectors stay in registers.
template <std::size_t... Channel>
TENON_KERNEL inline void add_products(const row_of_positions& of, vec* sums, std::index_sequence<Channel...>) {
  vec sum[] = {sums[Channel]...};
  // The channels of a whole block lie side by side.
  const std::int64_t step = sizeof...(Channel) == block ? 1 : of.image_channel;
  const float* image = of.image;
  for (std::int64_t i = 0; i < of.count; ++i, image += of.image_step) {
    const vec grid = load(of.grid + i * block);
    ((sum[Channel] += grid * image[static_cast<std::int64_t>(Channel) * step]), ...);
  }
  ((sums[Channel] = sum[Channel]), ...);
}

template <class Row>
TENON_KERNEL inline void add_products(const Row& of, vec* sums, std::int64_t channels) {
  if (channels == 1) return add_products(of, sums, std::make_index_sequence<1>());
  if (channels == 2) return add_products(of, sums, std::make_index_sequence<2>());
  if (channels == 3) return add_products(of, sums, std::make_index_sequence<3>());
  return add_products(of, sums, std::make_index_sequence<block>());
}

/// One grid block (from `lane` on), one image block, one row of the kernel.
struct kernel_row {
  std::int64_t grid_block, image_block, depth, height;
  int lane;
};

/// Sums taps first_tap, ..., first_tap + taps - 1 of a kernel row over all positions.
template <class Arguments>
TENON_KERNEL inline void sum_taps(const Arguments& of, const kernel_row& at, std::int64_t first_tap, std::int64_t taps,
                                  vec (*sums)[block]) {
  const std::int64_t channels = std::min<std::int64_t>(block, of.image_channels - at.image_block * block);
  for (std::int64_t tap = 0; tap < taps; ++tap)
    for (int i = 0; i < block; ++i) sums[tap][i] = vec{};
  for (std::int64_t n = 0; n < of.batch; ++n)
    for (std::int64_t d = 0; d < of.grid_extents[0]; ++d) {
      const std::int64_t from_depth = d * of.stride[0] - of.padding[0] + at.depth * of.dilation[0];
      if (from_depth < 0 || from_depth >= of.image_extents[0]) continue;
      for (std::int64_t h = 0; h < of.grid_extents[1]; ++h) {
        const std::int64_t from_height = h * of.stride[1] - of.padding[1] + at.height * of.dilation[1];
        if (from_height < 0 || from_height >= of.image_extents[1]) continue;
        const std::int64_t grid_row =
            ((n * of.grid_blocks + at.grid_block) * of.grid_extents[0] + d) * of.grid_extents[1] + h;
        const float* grid = of.grid + grid_row * of.grid_extents[2] * block + at.lane;
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
          const row_of_positions row{grid + first * block, image + (first * stride + offset) * of.image_pixel,
                                     last - first, stride * of.image_pixel, of.image_channel};
          add_products(row, sums[tap], channels);
        }
      }
    }
}

template <class Arguments>
TENON_KERNEL inline void weight_gradient_part(const Arguments& of, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t most_taps = 8;
  const std::int64_t depth = of.kernel[0], height = of.kernel[1], row_taps = of.kernel[2];
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t rows = depth * height, pair = item / rows;
    const std::int64_t group_outs = of.grid_channels / of.groups, group_ins = of.image_channels / of.groups;
    kernel_row at{pair / of.image_blocks, pair % of.image_blocks, item % rows / height, item % height, 0};
    const channel_range range(at.grid_block, block, of.grid_channels, group_outs, group_ins);
    const std::int64_t image_channel = at.image_block * block;
    if (image_channel >= range.first + range.count || image_channel + block <= range.first) continue;
    for (; at.lane < block; at.lane += width)
      for (std::int64_t first_tap = 0; first_tap < row_taps; first_tap += most_taps) {
        const std::int64_t taps = std::min(most_taps, row_taps - first_tap);
        vec sums[most_taps][block];
        sum_taps(of, at, first_tap, taps, sums);
        const std::int64_t first_out = at.grid_block * block + at.lane, first_in = at.image_block * block;
        const std::int64_t outs = std::min<std::int64_t>(width, of.grid_channels - first_out);
        const std::int64_t ins = std::min<std::int64_t>(block, of.image_channels - first_in);
        for (std::int64_t o = 0; o < outs; ++o)
          for (std::int64_t i = 0; i < ins; ++i) {
            if ((first_out + o) / group_outs != (first_in + i) / group_ins) continue;
            const std::int64_t weights = (first_out + o) * group_ins + (first_in + i) % group_ins;
            float* to = of.gradient + (weights * rows + item % rows) * row_taps + first_tap;
            for (std::int64_t tap = 0; tap < taps; ++tap) to[tap] = sums[tap][i][o];
          }
      }
  }
}

TENON_KERNEL inline void bias_gradient_part(const bias_gradient_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t item = begin; item < end; ++item)
    for (int lane = 0; lane < block; lane += width) {
      // Rows are summed on their own first: sums of like size lose less.
      vec total = {};
      for (std::int64_t n = 0; n < of.batch; ++n)
        for (std::int64_t r = 0; r < of.rows; ++r) {
          const float* row = of.dy + ((n * of.blocks + item) * of.rows + r) * of.width * block + lane;
          vec sum = {};
          for (std::int64_t w = 0; w < of.width; ++w) sum += load(row + w * block);
          total += sum;
        }
      const std::int64_t first = item * block + lane;
      if (first < of.channels) store_some(of.gradient + first, total, of.channels - first);
    }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
