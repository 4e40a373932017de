// SPDX-License-Identifier: Apache-2.0
// The kernels of row_tiles.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Zeros from one float of a line on to another; up to a vector behind the last, which is written later.
TENON_KERNEL_INLINE void clear_line(float* begin, float* end) {
  if (begin >= end) return;
  store(begin, vec{});  // mostly all
  for (begin += width; begin < end; begin += width) store(begin, vec{});
}

/// The columns of a plane that lines are made of, which may lie outside of it, and those inside.
struct line_columns {
  std::int64_t first, pitch, begin, end;

  line_columns(std::int64_t first_column, std::int64_t columns, std::int64_t row_width, std::int64_t line_pitch)
      : first(first_column),
        pitch(line_pitch),
        begin(std::clamp<std::int64_t>(-first_column, 0, columns)),
        end(std::clamp<std::int64_t>(row_width - first_column, begin, columns)) {}
};

/// Copies a line, zeros where nothing is.
TENON_KERNEL_INLINE void copy_line(const float* row, const line_columns& of, float* to) {
  const float* const from = row + of.first;
  clear_line(to, to + of.begin);
  std::int64_t column = of.begin;
  if (of.end - of.begin >= width) {
    for (; column < of.end - width; column += width) store(to + column, load(from + column));
    store(to + of.end - width, load(from + of.end - width));
  } else {
    for (; column < of.end; ++column) to[column] = from[column];
  }
  clear_line(to + of.end, to + of.pitch);
}

/// Lines of a tile's dy; a vector of zeros follows.
TENON_KERNEL inline void copy_gradients(const row_tiles& of, const row_tile& tile, const float* plane, float* to) {
  const line_columns columns(tile.first_column, tile.columns, of.width.result, of.sum_pitch);
  for (std::int64_t i = 0; i < tile.rows; ++i)
    copy_line(plane + (tile.first_row + i) * of.width.result, columns, to + i * of.sum_pitch);
  std::fill_n(to + tile.rows * of.sum_pitch, 16, 0.0f);
}

/// Whether taps from (h, w) on see more than zeros around a plane, for a tile.
inline bool sees_source(const row_tiles& of, const row_tile& tile, std::int64_t h, std::int64_t w) {
  const std::int64_t row = of.height.position_of(tile.first_row, h),
                     column = of.width.position_of(tile.first_column, w);
  return row + of.lines_of(tile) > 0 && row < of.height.source && column + of.read_floats > 0 &&
         column < of.width.source;
}

/// Some of the lines of a tile's source channels that taps from (h, w) on see in a plane; a vector of zeros follows the
/// last of all.
TENON_KERNEL inline void copy_source(const row_tiles& of, const row_tile& tile, const float* image,
                                     std::int64_t at_depth, std::int64_t h, std::int64_t w, std::int64_t first,
                                     std::int64_t last, float* lines) {
  const line_columns columns(of.width.position_of(tile.first_column, w), of.read_floats, of.width.source,
                             of.read_floats);
  const std::int64_t first_row = of.height.position_of(tile.first_row, h), floats = of.line_floats();
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t row = first_row + i;
    const bool is_inside = row >= 0 && row < of.height.source && columns.begin < columns.end;
    float* to = lines + of.lead + i * of.pitch;
    for (std::int64_t c = 0; c < of.source_channels; ++c, to += floats) {
      if (is_inside)
        copy_line(image + ((c * of.depth.source + at_depth) * of.height.source + row) * of.width.source, columns, to);
      else
        clear_line(to, to + of.read_floats);
    }
  }
  for (std::int64_t c = 0; last == of.lines_of(tile) && c < of.source_channels; ++c)
    std::fill_n(lines + of.lead + c * floats + last * of.pitch, 16, 0.0f);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
