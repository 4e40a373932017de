// SPDX-License-Identifier: Apache-2.0
// Products of matrices of any element type, a few rows by a few vectors at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// A matrix in somebody else's memory: element (row, column) lies at `data[row * row_step + column * column_step]`.
template <class T>
struct matrix_view {
  T* data;
  std::int64_t rows, columns;
  std::int64_t row_step, column_step = 1;

  T& operator()(std::int64_t row, std::int64_t column) const { return data[row * row_step + column * column_step]; }
  matrix_view block(std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) const {
    return {&(*this)(top, left), height, width, row_step, column_step};
  }
  matrix_view transposed() const { return {data, columns, rows, column_step, row_step}; }
  operator matrix_view<const T>() const requires(!std::is_const_v<T>) {
    return {data, rows, columns, row_step, column_step};
  }
};

/// to = the transposed of from, in squares that the first-level cache holds.
template <class T>
void transpose(const matrix_view<T>& from, const matrix_view<T>& to) {
  constexpr std::int64_t side = 32;
  for (std::int64_t top = 0; top < from.rows; top += side)
    for (std::int64_t left = 0; left < from.columns; left += side)
      for (std::int64_t column = left; column < std::min(left + side, from.columns); ++column)
        for (std::int64_t row = top; row < std::min(top + side, from.rows); ++row) to(column, row) = from(row, column);
}

/// A tile of a product: `Rows` rows of c by two vectors of 16 bytes, which every x86-64 has, stay in registers.
/// requires: as add_product; the tile lies inside c
template <int Rows, class T>
void add_tile(const matrix_view<const T>& a, const matrix_view<const T>& b, const matrix_view<T>& c, std::int64_t row,
              std::int64_t column) {
  using lanes [[gnu::vector_size(16)]] = T;
  lanes sums[static_cast<std::size_t>(Rows)][2]{};
  const T* factors = &a(row, 0);
  const T* from = &b(0, column);
  for (std::int64_t k = 0; k < a.columns; ++k, factors += a.column_step, from += b.row_step) {
    lanes read[2];
    std::memcpy(read, from, sizeof read);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      const T factor = factors[r * a.row_step];
      sums[r][0] += factor * read[0];
      sums[r][1] += factor * read[1];
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
    lanes present[2];
    std::memcpy(present, &c(row + r, column), sizeof present);
    present[0] += sums[r][0];
    present[1] += sums[r][1];
    std::memcpy(&c(row + r, column), present, sizeof present);
  }
}

/// c += a b, by blocks of a's columns and b's rows, so that a block of b stays in the second-level cache.
/// requires: rows of b and c have a column step of 1; c overlaps neither
template <class T>
void add_product(const matrix_view<const T>& a, const matrix_view<const T>& b, const matrix_view<T>& c) {
  constexpr std::int64_t tile_rows = 4, tile_columns = 32 / sizeof(T), block_depth = 256, block_columns = 256;
  for (std::int64_t depth = 0; depth < a.columns; depth += block_depth)
    for (std::int64_t left = 0; left < c.columns; left += block_columns) {
      const matrix_view<const T> factors = a.block(0, depth, a.rows, std::min(block_depth, a.columns - depth));
      const matrix_view<const T> from =
          b.block(depth, left, factors.columns, std::min(block_columns, b.columns - left));
      const matrix_view<T> to = c.block(0, left, c.rows, from.columns);
      const std::int64_t tiled_rows = to.rows / tile_rows * tile_rows;
      const std::int64_t tiled_columns = to.columns / tile_columns * tile_columns;
      for (std::int64_t column = 0; column < tiled_columns; column += tile_columns) {
        for (std::int64_t row = 0; row < tiled_rows; row += tile_rows) {
          add_tile<tile_rows>(factors, from, to, row, column);
        }
        for (std::int64_t row = tiled_rows; row < to.rows; ++row) add_tile<1>(factors, from, to, row, column);
      }
      for (std::int64_t row = 0; row < to.rows; ++row)
        for (std::int64_t column = tiled_columns; column < to.columns; ++column)
          for (std::int64_t k = 0; k < from.rows; ++k) to(row, column) += factors(row, k) * from(k, column);
    }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
