// SPDX-License-Identifier: Apache-2.0
// How convolutions of few plain channels go over rows: tiles of a result, and the lines of the source that they see.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_ROW_TILES_HPP
#    define TENON_BACKENDS_KERNELS_ROW_TILES_HPP

#    include <algorithm>
#    include <cstdint>

#    include "tenon/backends/kernels/geometry.hpp"
#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// How results of one dimension look: tap k of the i-th sees first + i + k * increment of the source.
struct row_dimension {
  std::int64_t source = 1, result = 1, taps = 1, increment = 1, first = 0;

  std::int64_t reach() const { return (taps - 1) * increment; }
  std::int64_t look(std::int64_t i, std::int64_t tap) const { return first + i + tap * increment; }
};

/// The rows and columns of a tile, and how much farther the taps of one that sees them all at once may reach.
inline constexpr std::int64_t tile_rows = 16, tile_columns = 64;

/// The floats of one channel's lines of a tile, and of its sums, at most. A vector behind the last line may be read.
inline constexpr std::int64_t most_line = 2 * tile_columns, most_lines = 2 * tile_rows * most_line + 16,
                              most_sums = tile_rows * most_line + 16;

/// Result rows of all channels.
struct row_tile {
  std::int64_t image, depth, first_row, rows, first_column, columns;
};

/// A tap and a source channel: where its lines begin, and its weights, behind those of the first.
struct line_tap {
  std::int64_t line, weights;
};

/// A convolution cut into tiles. Source lines are copied with zeros around them, one after the other, `pitch` apart, so
/// that a shift by rows and columns is one of memory. Taps that reach far are looked at one by one.
struct row_tiles {
  row_dimension depth, height, width;
  std::int64_t batch, source_channels, result_channels;
  std::int64_t rows, columns;                  ///< of a whole tile
  std::int64_t row_taps = 1, column_taps = 1;  ///< seen at once
  std::int64_t lines, pitch;                   ///< of a tile's source channel
  std::int64_t vector;                         ///< floats of one
  bool by_rows;  ///< else all rows of a tile are one run of pixels, with what lies between them
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
        columns(divide_up(width.result, divide_up(width.result, tile_columns))),
        vector(floats_of_vector) {
    if (height.reach() <= tile_rows) row_taps = height.taps;
    if (width.reach() <= tile_columns) column_taps = width.taps;
    const std::int64_t reach = column_taps > 1 ? width.reach() : 0, whole = divide_up(columns, vector) * vector;
    lines = rows + (row_taps > 1 ? height.reach() : 0);
    // Narrow rows are taken together, with the zeros between them.
    by_rows = divide_up((rows - 1) * (columns + reach) + columns, vector) * vector >= rows * whole;
    pitch = (by_rows ? whole : columns) + reach;
    for (std::int64_t h = 0; h < row_taps; ++h)
      for (std::int64_t w = 0; w < column_taps; ++w)
        for (std::int64_t c = 0; c < source_channels; ++c)
          taps[tap_count++] = {c * line_floats() + h * height.increment * pitch + w * width.increment,
                               ((h * width.taps + w) * source_channels + c) * result_channels};
  }

  /// The runs of pixels of a tile, `pitch` apart, and how many pixels each has, in whole vectors.
  std::int64_t runs(const row_tile& of) const { return by_rows ? of.rows : 1; }
  std::int64_t run(const row_tile& of) const {
    return divide_up(by_rows ? columns : (of.rows - 1) * pitch + columns, vector) * vector;
  }
  /// Of a channel's lines and of its sums, which begin where a vector does.
  std::int64_t line_floats() const { return divide_up(lines * pitch, 16) * 16 + 16; }
  std::int64_t sum_floats() const { return divide_up(rows * pitch, 16) * 16 + 16; }
  /// Of all taps that look at one plane of the source.
  std::int64_t plane_weights() const { return height.taps * width.taps * source_channels * result_channels; }
  /// Where the weights of a tap of a plane begin.
  std::int64_t weights_of(std::int64_t h, std::int64_t w) const {
    return (h * width.taps + w) * source_channels * result_channels;
  }

  std::int64_t across() const { return divide_up(width.result, columns); }
  std::int64_t down() const { return divide_up(height.result, rows); }
  std::int64_t count() const { return batch * depth.result * down() * across(); }
  row_tile tile(std::int64_t i) const {
    const std::int64_t column = i % across() * columns, row = i / across() % down() * rows;
    const std::int64_t plane = i / across() / down();
    return {plane / depth.result,
            plane % depth.result,
            row,
            std::min(rows, height.result - row),
            column,
            std::min(columns, width.result - column)};
  }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#    define TENON_KERNEL_FILE "tenon/backends/kernels/row_tiles.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Some of a plane's rows and columns, which may lie outside of it.
struct plane_part {
  std::int64_t first_row, rows, first_column, columns;
};

/// Copies a part of a plane of (height, width) into lines, zeros where nothing is; a vector of zeros follows.
TENON_KERNEL inline void copy_lines(const float* plane, std::int64_t height, std::int64_t row_width,
                                    const plane_part& part, std::int64_t pitch, float* to) {
  const std::int64_t begin = std::clamp<std::int64_t>(-part.first_column, 0, part.columns);
  const std::int64_t end = std::clamp<std::int64_t>(row_width - part.first_column, begin, part.columns);
  for (std::int64_t i = 0; i < part.rows; ++i, to += pitch) {
    const std::int64_t row = part.first_row + i;
    if (row < 0 || row >= height || begin == end) {
      std::fill_n(to, pitch, 0.0f);
      continue;
    }
    const float* const from = plane + row * row_width + part.first_column;
    std::fill_n(to, begin, 0.0f);
    std::int64_t column = begin;
    for (; column + width <= end; column += width) store(to + column, load(from + column));
    for (; column < end; ++column) to[column] = from[column];
    std::fill_n(to + end, pitch - end, 0.0f);
  }
  std::fill_n(to, 16, 0.0f);
}

/// The lines of a tile's source channels that taps from (h, w) on see in a plane; false where they see only zeros.
TENON_KERNEL inline bool copy_source(const row_tiles& of, const row_tile& tile, const float* image,
                                     std::int64_t at_depth, std::int64_t h, std::int64_t w, float* lines) {
  const plane_part part{of.height.look(tile.first_row, h), tile.rows + of.lines - of.rows,
                        of.width.look(tile.first_column, w), of.pitch};
  if (part.first_row + part.rows <= 0 || part.first_row >= of.height.source) return false;
  if (part.first_column + part.columns <= 0 || part.first_column >= of.width.source) return false;
  const std::int64_t plane = of.height.source * of.width.source;
  for (std::int64_t c = 0; c < of.source_channels; ++c)
    copy_lines(image + (c * of.depth.source + at_depth) * plane, of.height.source, of.width.source, part, of.pitch,
               lines + c * of.line_floats());
  return true;
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
