// SPDX-License-Identifier: Apache-2.0
// Convolutions of few plain channels, and their data gradients: vectors are pixels of a row.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_ROW_CONVOLUTION_HPP
#    define TENON_BACKENDS_KERNELS_ROW_CONVOLUTION_HPP

#    include <algorithm>
#    include <cstddef>
#    include <cstdint>
#    include <utility>

#    include "tenon/backends/kernels/activations.hpp"
#    include "tenon/backends/kernels/row_tiles.hpp"
#    include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct row_arguments {
  operand source, result;  ///< x and y, or dy and dx; plain, of at most most_row_channels
  const float* weights;    ///< (depth, height, width taps, source channels, result channels)
  const float* bias;       ///< nullptr: none
  const float* addend;     ///< as the result, which may overwrite it; nullptr: none
  activation fused = activation::none;
  float slope = 0;
  row_dimension along[3];  ///< depth, height, width
};

struct tiled_row_arguments {
  const row_arguments* arguments;
  row_tiles tiles;
};

/// Lines of a tile and what is summed of them.
struct row_run {
  const row_tiles* tiles;
  std::int64_t runs, run;
  const float* lines;
  const float* weights;
  float* sums;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#    define TENON_KERNEL_FILE "tenon/backends/kernels/row_convolution.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// x, w, [b], [addend] -> y, or dy, w -> dx
inline void row_convolution(isa set, const row_arguments& of) {
  chosen(set, &plain::row_convolution, &avx2::row_convolution, &avx512::row_convolution)(of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The vectors of pixels whose sums for so many channels stay in registers.
constexpr int row_vectors(int channels) {
  if (width == 16) return channels <= 6 ? 4 : 2;
  return channels <= 2 ? 4 : channels <= 6 ? 2 : 1;
}

template <int Vectors, std::size_t... Vector, std::size_t... Item>
TENON_KERNEL_INLINE void add_tap(vec* sums, const float* from, const float* weights, std::index_sequence<Vector...>,
                                 std::index_sequence<Item...>) {
  const vec x[] = {load(from + static_cast<int>(Vector) * width)...};
  ((sums[Item] += x[Item % Vectors] * weights[Item / Vectors]), ...);
}

/// Adds what all taps see to the sums of `Vectors` vectors of pixels, of all channels.
template <int Vectors, std::size_t... Item>
TENON_KERNEL_INLINE void add_taps(const row_run& of, std::int64_t at, std::index_sequence<Item...> items) {
  const std::int64_t floats = of.tiles->sum_floats();
  float* const to = of.sums + at;
  vec sums[] = {load(to + static_cast<int>(Item) / Vectors * floats + static_cast<int>(Item) % Vectors * width)...};
  const line_tap* const last = of.tiles->taps + of.tiles->tap_count;
  for (const line_tap* tap = of.tiles->taps; tap != last; ++tap)
    add_tap<Vectors>(sums, of.lines + at + tap->line, of.weights + tap->weights, std::make_index_sequence<Vectors>(),
                     items);
  (store(to + static_cast<int>(Item) / Vectors * floats + static_cast<int>(Item) % Vectors * width, sums[Item]), ...);
}

template <int Channels>
struct row_sums_instance {
  TENON_KERNEL static void run(const row_run& of) {
    constexpr int vectors = row_vectors(Channels);
    for (std::int64_t i = 0; i < of.runs; ++i) {
      const std::int64_t end = i * of.tiles->pitch + of.run;
      std::int64_t at = i * of.tiles->pitch;
      for (; at + vectors * width <= end; at += vectors * width)
        add_taps<vectors>(of, at, std::make_index_sequence<Channels * vectors>());
      for (; at < end; at += width) add_taps<1>(of, at, std::make_index_sequence<Channels>());
    }
  }
};

/// The instance for so many channels, 1 to most_row_channels.
template <template <int> class Instance>
constexpr auto instance_for_channels(std::int64_t channels) {
  constexpr decltype(&Instance<1>::run) all_of_them[] = {&Instance<1>::run, &Instance<2>::run, &Instance<3>::run,
                                                         &Instance<4>::run, &Instance<5>::run, &Instance<6>::run,
                                                         &Instance<7>::run, &Instance<8>::run};
  static_assert(sizeof(all_of_them) / sizeof(*all_of_them) == most_row_channels);
  return all_of_them[channels - 1];
}

/// Writes a tile's sums, with addend and function.
TENON_KERNEL inline void store_tile(const row_arguments& of, const row_tiles& tiles, const row_tile& tile,
                                    float* sums) {
  const auto activate = instance_for<activate_instance>(of.fused);
  for (std::int64_t o = 0; o < tiles.result_channels; ++o) {
    const std::int64_t plane = (tile.image * tiles.result_channels + o) * tiles.depth.result + tile.depth;
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      const std::int64_t to =
          (plane * tiles.height.result + tile.first_row + i) * tiles.width.result + tile.first_column;
      float* const row = sums + o * tiles.sum_floats() + i * tiles.pitch;
      for (std::int64_t at = 0; of.addend != nullptr && at < tile.columns; at += width) {
        const std::int64_t left = tile.columns - at;
        store_some(row + at, load_some(row + at, left) + load_some(of.addend + to + at, left), left);
      }
      activate(of.slope, row, of.result.as<float>() + to, tile.columns);
    }
  }
}

TENON_KERNEL inline void row_convolution_part(const tiled_row_arguments& of, std::int64_t begin, std::int64_t end) {
  alignas(64) float lines[most_row_channels * most_lines];
  alignas(64) float sums[most_row_channels * most_sums];
  const row_arguments& arguments = *of.arguments;
  const row_tiles& tiles = of.tiles;
  const auto add = instance_for_channels<row_sums_instance>(tiles.result_channels);
  const std::int64_t planes = tiles.source_channels * tiles.depth.source;
  for (std::int64_t i = begin; i < end; ++i) {
    const row_tile tile = tiles.tile(i);
    const float* const image =
        arguments.source.as<const float>() + tile.image * planes * tiles.height.source * tiles.width.source;
    for (std::int64_t o = 0; o < tiles.result_channels; ++o)
      std::fill_n(sums + o * tiles.sum_floats(), tiles.sum_floats(),
                  arguments.bias == nullptr ? 0.0f : arguments.bias[o]);
    for (std::int64_t d = 0; d < tiles.depth.taps; ++d) {
      const std::int64_t at_depth = tiles.depth.look(tile.depth, d);
      if (at_depth < 0 || at_depth >= tiles.depth.source) continue;
      const float* const weights = arguments.weights + d * tiles.plane_weights();
      for (std::int64_t h = 0; h < tiles.height.taps; h += tiles.row_taps)
        for (std::int64_t w = 0; w < tiles.width.taps; w += tiles.column_taps)
          if (copy_source(tiles, tile, image, at_depth, h, w, lines))
            add({&tiles, tiles.runs(tile), tiles.run(tile), lines, weights + tiles.weights_of(h, w), sums});
    }
    store_tile(arguments, tiles, tile, sums);
  }
}

inline void row_convolution(const row_arguments& of) {
  const tiled_row_arguments tiled{&of, row_tiles(of.source.extents.batch(), of.source.extents.channels(),
                                                 of.result.extents.channels(), of.along, width)};
  in_parallel(tiled.tiles.count(), row_convolution_part, tiled);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
