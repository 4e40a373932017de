// SPDX-License-Identifier: Apache-2.0
// The kernels of direct_convolution.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Pixels that are summed at once, one after the other in a row's phase.
inline constexpr int pixels_at_once = 8;
/// Sums of a pixels_at_once: two blocks of channels, or one of two vectors.
using tile_sums = vec[2][pixels_at_once];

/// A tap's weights and what some pixels see through it, of some neighbouring source channels; they begin a block, or
/// all lie in one.
struct source_pixels {
  const float* source;
  const float* weights;
  std::int64_t count;         ///< source channels
  std::int64_t channel_step;  ///< floats between source channels of a block
  std::int64_t block_step;    ///< floats between source blocks
  std::int64_t pixel_step;    ///< floats between the pixels' sources
  std::int64_t vector_step;   ///< floats between the weights of the first vector and of the second
};

/// Adds to the sums of `Pixels` pixels and `Vectors` vectors, which stay in registers. Few sums are made of several
/// chains of additions each, so that they don't wait for one another.
template <int Pixels, int Vectors, int Chains, std::size_t... Item>
TENON_KERNEL_INLINE void add_source(const source_pixels& of, vec (*sums)[pixels_at_once], int first,
                                    std::index_sequence<Item...>) {
  constexpr int count = Pixels * Vectors;
  vec sum[] = {(Item < count ? sums[Item % count / Pixels][first + static_cast<int>(Item) % Pixels] : vec{})...};
  const float* weights = of.weights;
  const std::int64_t pixel = of.pixel_step, vector = of.vector_step, channel = of.channel_step;
  for (std::int64_t done = 0; done < of.count; done += block) {
    const float* source = of.source + done / block * of.block_step;
    const std::int64_t channels = std::min<std::int64_t>(block, of.count - done);
    std::int64_t i = 0;
    for (; i + Chains <= channels; i += Chains) {
      ((sum[Item] +=
        load(weights + static_cast<int>(Item) / count * block + static_cast<int>(Item) % count / Pixels * vector) *
        source[static_cast<int>(Item) % Pixels * pixel + static_cast<int>(Item) / count * channel]),
       ...);
      source += Chains * channel;
      weights += Chains * block;
    }
    for (; i < channels; ++i, source += channel, weights += block)
      ((Item < count ? static_cast<void>(sum[Item] += load(weights + static_cast<int>(Item) % count / Pixels * vector) *
                                                      source[static_cast<int>(Item) % Pixels * pixel])
                     : void()),
       ...);
  }
  ((Item < count ? void() : static_cast<void>(sum[Item % count] += sum[Item])), ...);
  ((Item < count ? static_cast<void>(sums[Item % count / Pixels][first + static_cast<int>(Item) % Pixels] = sum[Item])
                 : void()),
   ...);
}

template <int Pixels, int Vectors>
TENON_KERNEL inline void add_source(const source_pixels& of, vec (*sums)[pixels_at_once], int first) {
  constexpr int chains = Pixels * Vectors >= 6 ? 1 : Pixels * Vectors >= 3 ? 2 : 4;
  add_source<Pixels, Vectors, chains>(of, sums, first, indices<Pixels * Vectors * chains>());
}

/// Some pixels of a tile, four, two and one at a time unless it is the whole tile: code for every number of them would
/// be twice as much to compile, and only a row's ends need it.
template <int Vectors>
TENON_KERNEL inline void add_source(const source_pixels& of, vec (*sums)[pixels_at_once], int first, int pixels) {
  if (pixels == pixels_at_once) return add_source<pixels_at_once, Vectors>(of, sums, first);
  source_pixels rest = of;
  if ((pixels & 4) != 0) {
    add_source<4, Vectors>(rest, sums, first);
    rest.source += 4 * of.pixel_step;
    first += 4;
  }
  if ((pixels & 2) != 0) {
    add_source<2, Vectors>(rest, sums, first);
    rest.source += 2 * of.pixel_step;
    first += 2;
  }
  if ((pixels & 1) != 0) add_source<1, Vectors>(rest, sums, first);
}

/// A row of results of one block, or of two neighbouring ones.
struct direct_row {
  std::int64_t image, at_block, depth, height;
};

/// Sums the pixels `begin` to `end` - 1 of a phase.
template <int Vectors>
TENON_KERNEL inline void sum_tile(const direct_arguments& of, const direct_row& row, const row_phase& phase,
                                  std::int64_t begin, std::int64_t end, vec (*sums)[pixels_at_once]) {
  const channel_range range(row.at_block, block, of.to.channels, of.to.channels / of.groups,
                            of.from.channels / of.groups);
  const std::int64_t taps = of.taps(), row_taps = of.rows->along().taps, step = of.rows->along().step;
  const float* const weights = of.weights + of.block_weights[row.at_block];
  const float* const source = of.source + row.image * of.source_image;
  const std::int64_t pixel = of.source_pixel;
  source_pixels from{nullptr, nullptr, 0, of.source_channel, of.source_block, step * pixel, width};
  if constexpr (width == block) from.vector_step = taps * range.count * block;
  for (std::int64_t d = 0; d < of.depth.taps; ++d) {
    const std::int64_t from_depth = of.depth.position_of(row.depth, d);
    if (from_depth < 0) continue;
    for (std::int64_t h = 0; h < of.height.taps; ++h) {
      const std::int64_t from_height = of.height.position_of(row.height, h);
      if (from_height < 0) continue;
      const float* const source_row = source + (from_depth * of.from.height + from_height) * of.from.width * pixel;
      const float* const row_weights = weights + (d * of.height.taps + h) * row_taps * range.count * block;
      for (std::int64_t t = 0; t < phase.tap_count; ++t) {
        const row_tap& tap = phase.taps[t];
        const std::int64_t first = std::max(tap.begin, begin), last = std::min(tap.end, end);
        if (first >= last) continue;
        const float* const window_row = source_row + (first * step + tap.column) * pixel;
        from.weights = row_weights + tap.tap * range.count * block;
        // Channels of a range that begins inside of a block of the source, then the others.
        for (std::int64_t channel = range.first, stop = range.first + range.count; channel < stop;) {
          const std::int64_t inside = channel % block;
          from.count = inside == 0 ? stop - channel : std::min(block - inside, stop - channel);
          from.source = window_row + channel / block * of.source_block + inside * of.source_channel;
          add_source<Vectors>(from, sums, static_cast<int>(first - begin), static_cast<int>(last - first));
          from.weights += from.count * block;
          channel += from.count;
        }
      }
    }
  }
}

template <int Vectors>
TENON_KERNEL inline void direct_row_part(const direct_arguments& of, const direct_row& row) {
  const std::int64_t plane = row.image * of.to.blocks + row.at_block;
  const std::int64_t first_pixel = ((plane * of.to.depth + row.depth) * of.to.height + row.height) * of.to.width;
  const std::int64_t divisor = of.rows->along().divisor;
  const std::int64_t vector_step = width == block ? of.to.pixels * block : width;
  for (std::int64_t p = 0; p < of.rows->phase_count(); ++p) {
    const row_phase& phase = of.rows->phases()[p];
    const std::int64_t tiles = divide_up(phase.count, pixels_at_once);
    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t begin = phase.count * t / tiles, end = phase.count * (t + 1) / tiles;
      tile_sums sums;
      for (int v = 0; v < Vectors; ++v) {
        const vec bias = of.bias == nullptr ? vec{} : load(of.bias + row.at_block * block + v * width);
        for (int i = 0; i < pixels_at_once; ++i) sums[v][i] = bias;
      }
      sum_tile<Vectors>(of, row, phase, begin, end, sums);
      for (int v = 0; v < Vectors; ++v)
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t at = (first_pixel + phase.first + i * divisor) * block + v * vector_step;
          const vec sum = sums[v][i - begin];
          store(of.result + at, of.residual == nullptr ? sum : sum + load(of.residual + at));
        }
    }
  }
  for (int v = 0; v < Vectors * width / block; ++v)
    apply_epilogue(of.function, of.slope, of.result + first_pixel * block + v * vector_step, of.to.width,
                   of.to.channels - (row.at_block + v) * block);
}

/// Rows begin to end - 1, counted over the images' blocks, or pairs of blocks.
template <class Arguments>
TENON_KERNEL inline void direct_part(const Arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t rows = of.rows_of_plane(), together = width == 16 && of.groups == 1 ? 2 : 1;
  const std::int64_t sets = divide_up(of.to.blocks, together);
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t plane = item / rows, row = item % rows;
    const direct_row at{plane / sets, plane % sets * together, row / of.to.height, row % of.to.height};
    if constexpr (width < block) {
      direct_row_part<2>(of, at);
    } else if constexpr (width == 8) {
      direct_row_part<1>(of, at);
    } else {
      together == 2 && at.at_block + 1 < of.to.blocks ? direct_row_part<2>(of, at) : direct_row_part<1>(of, at);
    }
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
