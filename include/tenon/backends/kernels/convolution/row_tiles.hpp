// SPDX-License-Identifier: Apache-2.0
// How convolutions of few contiguous channels go over rows: tiles of a result, and the line buffers with the part of
// the source that a tile reads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

// A tile of results reads as many rows and columns of the source, and the halo around them. They are copied, with the
// zeros of the padding, into line buffers one behind the other, so that a tap is a shift of the whole tile in memory:
//
//     source, one channel              line buffers
//
//     . . . . . . . . . .              0 0 0 0 0 0     a line of padding, where the tile lies at the border
//     . h h h h h h . . .              h h h h h h     h: the halo
//     . h +-----+ h . . .      =>      h x x x x h     x: as many pixels as the tile has results
//     . h | tile| h . . .              h x x x x h
//     . h +-----+ h . . .              h h h h h h
//     . h h h h h h . . .              |<- pitch ->|
//
// Tap (kh, kw) of result (r, c) reads line r + kh at column c + kw: kh * pitch + kw floats behind tap (0, 0).

/// Which of the source the results of one dimension read: tap k of the i-th is at first + i + k * increment.
struct row_dimension {
  std::int64_t source = 1, result = 1, taps = 1, increment = 1, first = 0;

  std::int64_t halo() const { return (taps - 1) * increment; }
  std::int64_t position_of(std::int64_t i, std::int64_t tap) const { return first + i + tap * increment; }
  /// The first and the last tap at which the i-th reads the source; none if the first is behind the last.
  std::int64_t first_inside(std::int64_t i) const { return first + i >= 0 ? 0 : divide_up(-(first + i), increment); }
  std::int64_t last_inside(std::int64_t i) const {
    return first + i >= source ? -1 : std::min(taps - 1, (source - 1 - first - i) / increment);
  }
};

/// The rows and columns of a tile at most, half as many columns where lines are kept for the next depth.
inline constexpr std::int64_t tile_rows = 16, tile_columns = 128;

/// The widest halo of a tile that reads all its taps at once.
inline constexpr std::int64_t most_row_halo = 16, most_column_halo = 64;

/// The floats of the lines of all channels that are kept of more planes than one, at most.
inline constexpr std::int64_t most_kept = 50 << 10;

/// Result rows of all channels.
struct row_tile {
  std::int64_t image, depth, first_row, rows, first_column, columns;
};

/// A tap and a source channel: where its line buffers begin, and its weights, behind those of the first.
struct line_tap {
  std::int64_t line, weights;
};

/// A convolution cut into tiles. Source lines are copied with zeros around them, one after the other, `pitch` apart, so
/// that a shift by rows and columns is one of memory. Taps of a wide halo are read one by one.
struct row_tiles {
  row_dimension depth, height, width;
  std::int64_t batch, source_channels, result_channels;
  std::int64_t rows, columns;                  ///< of a whole tile
  std::int64_t row_taps = 1, column_taps = 1;  ///< read at once
  std::int64_t lines;                          ///< line buffers of a tile, for each source channel
  std::int64_t read_floats;                    ///< floats that are read of a line buffer
  std::int64_t pitch;                          ///< floats from one line buffer to the next
  std::int64_t lead;       ///< floats before them, with which a row's results lie beside aligned pixels
  std::int64_t sum_pitch;  ///< of a tile's sums, and of dy: rows begin where vectors do, if by rows
  std::int64_t vector;     ///< floats of one
  bool by_rows;  ///< each row is a run; else a tile is one run over its rows and the halo between, whose results are
                 ///< dropped
  std::int64_t planes_kept = 1;  ///< whose lines wait for the next depth's tiles, if more than one
  line_tap taps[most_row_taps * most_row_taps * most_row_channels];
  std::int64_t tap_count = 0;

  row_tiles(std::int64_t images, std::int64_t from_channels, std::int64_t to_channels, const row_dimension (&along)[3],
            std::int64_t floats_of_vector)
      : depth(along[0]),
        height(along[1]),
        width(along[2]),
        batch(images),
        source_channels(from_channels),
        result_channels(to_channels),
        rows(divide_up(height.result, divide_up(height.result, tile_rows))),
        columns(columns_at_most(depth.taps > 1 ? tile_columns / 2 : tile_columns)),
        vector(floats_of_vector) {
    if (height.halo() <= most_row_halo) row_taps = height.taps;
    if (width.halo() <= most_column_halo) column_taps = width.taps;
    const std::int64_t halo = column_taps > 1 ? width.halo() : 0, whole = divide_up(columns, vector) * vector;
    lines = rows + (row_taps > 1 ? height.halo() : 0);
    // Narrow rows are taken together, with the zeros between them.
    by_rows = divide_up((rows - 1) * (columns + halo) + columns, vector) * vector >= rows * whole;
    read_floats = (by_rows ? whole : columns) + halo;
    pitch = by_rows ? divide_up(read_floats, 16) * 16 : read_floats;
    lead = by_rows ? (width.first % 16 + 16) % 16 : 0;
    sum_pitch = by_rows ? whole : pitch;
    if (row_taps == height.taps && column_taps == width.taps && depth.taps * plane_floats() <= most_kept)
      planes_kept = depth.taps;
    // Neighbouring columns one after the other: they lie in the same lines of the cache.
    for (std::int64_t h = 0; h < row_taps; ++h)
      for (std::int64_t c = 0; c < source_channels; ++c)
        for (std::int64_t w = 0; w < column_taps; ++w)
          taps[tap_count++] = {c * line_floats() + h * height.increment * pitch + w * width.increment,
                               ((h * width.taps + w) * source_channels + c) * result_channels};
  }

  /// The columns of tiles of like width.
  std::int64_t columns_at_most(std::int64_t most) const {
    const std::int64_t each = divide_up(width.result, divide_up(width.result, most));
    return std::min(divide_up(each, 16) * 16, width.result);
  }

  /// The runs of pixels of a tile, a pitch apart, and how many pixels each has, in whole vectors.
  std::int64_t runs(const row_tile& of) const { return by_rows ? of.rows : 1; }
  std::int64_t run(const row_tile& of) const {
    return divide_up(by_rows ? columns : (of.rows - 1) * pitch + columns, vector) * vector;
  }
  /// The lines of a source channel that a tile sees, and how many of them its i-th run and those before it see.
  std::int64_t lines_of(const row_tile& of) const { return of.rows + lines - rows; }
  std::int64_t lines_until(const row_tile& of, std::int64_t i) const {
    return by_rows ? i + 1 + lines - rows : lines_of(of);
  }
  /// Of a channel's lines and of its sums, which begin where a vector does. A vector behind the last line may be read.
  std::int64_t line_floats() const { return divide_up(lines * pitch, 16) * 16 + 32; }
  std::int64_t plane_floats() const { return source_channels * line_floats(); }
  std::int64_t sum_floats() const { return divide_up(rows * sum_pitch, 16) * 16 + 16; }
  /// Of the lines that are kept, and of all that a thread works in: these, a tile's sums or dy, and a vector for each
  /// result channel.
  std::int64_t kept_floats() const { return planes_kept * plane_floats(); }
  std::int64_t scratch_floats() const { return kept_floats() + result_channels * (sum_floats() + 16); }
  /// Of all taps that look at one plane of the source.
  std::int64_t plane_weights() const { return height.taps * width.taps * source_channels * result_channels; }
  /// Where the weights of a tap of a plane begin.
  std::int64_t weights_of(std::int64_t h, std::int64_t w) const {
    return (h * width.taps + w) * source_channels * result_channels;
  }

  /// From one channel of the source to the next.
  std::int64_t source_plane() const { return depth.source * height.source * width.source; }

  std::int64_t across() const { return divide_up(width.result, columns); }
  std::int64_t down() const { return divide_up(height.result, rows); }
  std::int64_t count() const { return batch * depth.result * down() * across(); }
  /// Tiles of one place follow one another by their depths: first those that see planes of the source that the first
  /// sees, and so on.
  row_tile tile(std::int64_t i) const {
    const std::int64_t place = i / depth.result;
    const std::int64_t column = place % across() * columns, row = place / across() % down() * rows;
    return {place / across() / down(),
            depth_at(i % depth.result),
            row,
            std::min(rows, height.result - row),
            column,
            std::min(columns, width.result - column)};
  }
  /// The i-th depth of those that go up by the increment from 0 on, then from 1 on, and so on.
  std::int64_t depth_at(std::int64_t i) const {
    const std::int64_t each = depth.result / depth.increment, longer = depth.result % depth.increment;
    if (i < longer * (each + 1)) return i / (each + 1) + i % (each + 1) * depth.increment;
    i -= longer * (each + 1);
    return longer + i / each + i % each * depth.increment;
  }
};

/// Memory for some threads to work in, which neither the stack, which may be small, nor a step's allocation gives.
struct row_scratch {
  float* floats;       ///< `parts` times row_tiles::scratch_floats(), from a multiple of 64 bytes on
  std::int64_t parts;  ///< no more threads than that compute

  /// How many parts of `count` tiles, or of sums, are worked on at once, each in memory of its own.
  std::int64_t parts_of(std::int64_t count) const { return std::min(parts, count); }
  float* part(const row_tiles& tiles, std::int64_t i) const { return floats + i * tiles.scratch_floats(); }
};

/// Lines of the planes of the source that the latest tiles saw.
class kept_lines {
 public:
  /// `floats`: memory of row_tiles::kept_floats().
  explicit kept_lines(float* floats) : floats_(floats) { std::fill_n(keys_, most_row_taps, -1); }

  /// Where a plane's lines for tile `i` are or come.
  float* of_plane(const row_tiles& tiles, std::int64_t plane) {
    return floats_ + slot(tiles, plane) * tiles.plane_floats();
  }
  /// Whether they are there. From now on they are: the caller copies them.
  bool take(const row_tiles& tiles, std::int64_t i, std::int64_t plane) {
    if (tiles.planes_kept == 1) return false;
    const std::int64_t key = i / tiles.depth.result * tiles.depth.source + plane;
    return std::exchange(keys_[slot(tiles, plane)], key) == key;
  }

 private:
  float* floats_;
  std::int64_t keys_[most_row_taps];

  /// Planes that one tile sees have different ones.
  static std::int64_t slot(const row_tiles& tiles, std::int64_t plane) {
    return plane / tiles.depth.increment % tiles.planes_kept;
  }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/row_tiles_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
