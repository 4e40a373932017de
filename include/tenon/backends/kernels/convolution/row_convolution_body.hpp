// SPDX-License-Identifier: Apache-2.0
// The kernels of row_convolution.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Writes a tile's sums, with residual and function.
TENON_KERNEL inline void store_tile(const row_arguments& of, const row_tiles& tiles, const row_tile& tile,
                                    float* sums) {
  const auto activate = instance_for<activate_instance>(of.fused);
  for (std::int64_t o = 0; o < tiles.result_channels; ++o) {
    const std::int64_t plane = (tile.image * tiles.result_channels + o) * tiles.depth.result + tile.depth;
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      const std::int64_t to =
          (plane * tiles.height.result + tile.first_row + i) * tiles.width.result + tile.first_column;
      float* const row = sums + o * tiles.sum_floats() + i * tiles.sum_pitch;
      for (std::int64_t at = 0; of.residual != nullptr && at < tile.columns; at += width) {
        const std::int64_t left = tile.columns - at;
        store_some(row + at, load_some(row + at, left) + load_some(of.residual + to + at, left), left);
      }
      activate(of.slope, row, of.result.as<float>() + to, tile.columns);
    }
  }
}

/// A tile's memory.
struct row_memory {
  kept_lines lines;
  float* sums;
  float* bias;  ///< vectors of equal floats

  row_memory(const row_tiles& tiles, float* scratch)
      : lines(scratch), sums(scratch + tiles.kept_floats()), bias(sums + tiles.result_channels * tiles.sum_floats()) {}
};

/// Where a tile's results lie.
inline sums_place result_place(const row_arguments& of, const row_tiles& tiles, const row_tile& tile) {
  const std::int64_t plane = tile.image * tiles.result_channels * tiles.depth.result + tile.depth;
  return {
      of.result.as<float>() + (plane * tiles.height.result + tile.first_row) * tiles.width.result + tile.first_column,
      tiles.depth.result * tiles.height.result * tiles.width.result, tiles.width.result, 1};
}

/// Whether sums can be stored as results straight from the registers: all taps are summed at once, and nothing follows
/// but a ReLU.
TENON_KERNEL inline bool is_stored_at_once(const row_arguments& of, const row_tiles& tiles, const row_tile& tile) {
  return tiles.by_rows && tile.columns % width == 0 && of.residual == nullptr &&
         (of.fused == activation::none || of.fused == activation::relu) && tiles.row_taps == tiles.height.taps &&
         tiles.column_taps == tiles.width.taps && sees_source(tiles, tile, 0, 0);
}

/// Tiles begin to end - 1.
template <class Arguments>
TENON_KERNEL inline void row_convolution_tiles(const Arguments& of, std::int64_t begin, std::int64_t end,
                                               row_memory memory) {
  const row_arguments& arguments = *of.arguments;
  const row_tiles& tiles = of.tiles;
  const auto add = instance_for_channels<row_sums_instance>(tiles.result_channels);
  constexpr float lowest = -std::numeric_limits<float>::infinity();
  for (std::int64_t o = 0; o < tiles.result_channels; ++o)
    std::fill_n(memory.bias + o * width, width, arguments.bias == nullptr ? 0.0f : arguments.bias[o]);
  const sums_place sums{memory.sums, tiles.sum_floats(), tiles.sum_pitch, 1};
  for (std::int64_t i = begin; i < end; ++i) {
    const row_tile tile = tiles.tile(i), next = tiles.tile(std::min(i + 1, end - 1));
    const std::int64_t first = tiles.depth.first_inside(tile.depth), last = tiles.depth.last_inside(tile.depth);
    const bool at_once = first <= last && is_stored_at_once(arguments, tiles, tile);
    sums_place from{memory.bias, width, 0, 0};
    if (!at_once) {
      for (std::int64_t o = 0; o < tiles.result_channels; ++o)
        std::fill_n(memory.sums + o * tiles.sum_floats(), tiles.sum_floats(), memory.bias[o * width]);
      from = sums;
    }
    for (std::int64_t d = first; d <= last; ++d) {
      const std::int64_t plane = tiles.depth.position_of(tile.depth, d);
      for (std::int64_t h = 0; h < tiles.height.taps; h += tiles.row_taps)
        for (std::int64_t w = 0; w < tiles.width.taps; w += tiles.column_taps) {
          if (!sees_source(tiles, tile, h, w)) continue;
          const bool is_last = at_once && d == last;
          add({&arguments,
               &tiles,
               &tile,
               d == last ? &next : nullptr,
               {plane, d, h, w},
               at_once ? tile.columns : tiles.run(tile),
               memory.lines.of_plane(tiles, plane),
               memory.lines.take(tiles, i, plane),
               from,
               is_last ? result_place(arguments, tiles, tile) : sums,
               is_last && arguments.fused == activation::relu ? 0 : lowest});
          from = sums;
        }
    }
    if (!at_once) store_tile(arguments, tiles, tile, memory.sums);
  }
}

template <class Arguments>
TENON_KERNEL inline void row_convolution_part(const Arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t count = of.tiles.count();
  for (std::int64_t part = begin; part < end; ++part)
    row_convolution_tiles(of, count * part / of.parts, count * (part + 1) / of.parts,
                          row_memory(of.tiles, of.arguments->scratch.part(of.tiles, part)));
}

template <class Arguments>
void row_convolution(const Arguments& of) {
  tiled_row_arguments tiled{
      &of,
      row_tiles(of.source.extents.batch(), of.source.extents.channels(), of.result.extents.channels(), of.along, width),
      0};
  tiled.parts = of.scratch.parts_of(tiled.tiles.count());
  in_parallel(tiled.parts, row_convolution_part<tiled_row_arguments>, tiled);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
