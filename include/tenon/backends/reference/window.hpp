// SPDX-License-Identifier: Apache-2.0
// Sliding windows: a grid of positions, each seeing a window of an image, as matrix products over unfolded windows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tenon/backends/reference/matrix_product.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

// A convolution reads the image and writes the grid; its data gradient and a transposed convolution read the grid and
// write the image. Weights are always (grid channels, image channels / groups, kernel), for a transposed convolution's
// are (I, O / groups, kernel) with its input as the grid.

/// How grid positions lie over an image. Position p sees, for tap k, the image at p * stride - padding + k * dilation.
struct window {
  shape image, grid;  ///< both (N, C, [D,] H, W)
  extent3 kernel, stride, dilation, padding;
  std::int32_t groups;

  window(const attributes& attribute, const shape& image_extents, const shape& grid_extents)
      : image(image_extents),
        grid(grid_extents),
        kernel(attribute.kernel),
        stride(attribute.stride),
        dilation(attribute.dilation),
        padding(attribute.padding_begin),
        groups(attribute.groups) {}

  std::int32_t image_channels() const { return image.channels() / groups; }
  std::int32_t grid_channels() const { return grid.channels() / groups; }
  std::int64_t taps() const { return std::int64_t{kernel[0]} * kernel[1] * kernel[2]; }
  /// Weights a grid channel has: the rows of a matrix of columns.
  std::int64_t column_height() const { return image_channels() * taps(); }
  std::int64_t weight_count() const { return grid.channels() * column_height(); }
  /// Where tap `tap` of position `position` looks along a dimension; may lie outside the image.
  std::int64_t position_of(std::size_t dimension, std::int64_t position, std::int64_t tap) const {
    return position * stride[dimension] - padding[dimension] + tap * dilation[dimension];
  }
};

/// A part of the work on a window: some rows (along W) of the grid, of one group of one image. Offsets count elements.
struct strip {
  std::int64_t image_offset;   ///< of the group's first plane
  std::int64_t weight_offset;  ///< of the group's weights
  std::int64_t grid_offset;    ///< of the strip's first position in the group's first plane
  std::int64_t first_row;      ///< depth * H + height
  std::int64_t rows;
  std::int64_t positions;  ///< rows * W
};

/// Calls `function(strip)` for parts small enough that their unfolded windows take a few MiB.
template <class Function>
void for_each_strip(const window& at, const Function& function) {
  constexpr std::int64_t most_elements = std::int64_t{1} << 19;
  const std::int64_t width = at.grid.spatial(2), rows = std::int64_t{at.grid.spatial(0)} * at.grid.spatial(1);
  const std::int64_t most_rows = std::clamp<std::int64_t>(most_elements / (at.column_height() * width), 1, rows);
  for (std::int64_t image = 0; image < at.grid.batch(); ++image)
    for (std::int64_t group = 0; group < at.groups; ++group)
      for (std::int64_t row = 0; row < rows; row += most_rows) {
        const std::int64_t count = std::min(most_rows, rows - row);
        function(strip{(image * at.groups + group) * at.image_channels() * at.image.spatial_elements(),
                       group * at.grid_channels() * at.column_height(),
                       (image * at.groups + group) * at.grid_channels() * at.grid.spatial_elements() + row * width, row,
                       count, count * width});
      }
}

/// Calls `function(image element, column element)` for every tap of a strip's positions that falls inside the image;
/// columns are a row-major matrix (image channel and tap, position).
template <class Function>
void for_each_tap(const window& at, const strip& part, const Function& function) {
  const std::int64_t depth = at.image.spatial(0), height = at.image.spatial(1), width = at.image.spatial(2);
  const std::int64_t grid_height = at.grid.spatial(1), grid_width = at.grid.spatial(2);
  std::int64_t column = 0;
  for (std::int64_t channel = 0; channel < at.image_channels(); ++channel)
    for (std::int64_t kd = 0; kd < at.kernel[0]; ++kd)
      for (std::int64_t kh = 0; kh < at.kernel[1]; ++kh)
        for (std::int64_t kw = 0; kw < at.kernel[2]; ++kw)
          for (std::int64_t row = part.first_row; row < part.first_row + part.rows; ++row, column += grid_width) {
            const std::int64_t d = at.position_of(0, row / grid_height, kd),
                               h = at.position_of(1, row % grid_height, kh);
            if (d < 0 || d >= depth || h < 0 || h >= height) continue;
            const std::int64_t image_row = part.image_offset + ((channel * depth + d) * height + h) * width;
            for (std::int64_t position = 0; position < grid_width; ++position) {
              const std::int64_t w = at.position_of(2, position, kw);
              if (w >= 0 && w < width) function(image_row + w, column + position);
            }
          }
}

/// A group's weights as a matrix (grid channel, image channel and tap).
template <class T>
matrix_view<T> weight_matrix(const window& at, const strip& part, T* weights) {
  return {weights + part.weight_offset, at.grid_channels(), at.column_height(), at.column_height()};
}

/// A strip of the grid as a matrix (grid channel, position).
template <class T>
matrix_view<T> grid_matrix(const window& at, const strip& part, T* grid) {
  return {grid + part.grid_offset, at.grid_channels(), part.positions, at.grid.spatial_elements()};
}

/// The windows of a strip side by side, as a matrix (image channel and tap, position).
template <class T>
class unfolded_windows {
 public:
  /// All zeros, as where a window reaches out of the image.
  matrix_view<T> zeros(const window& at, const strip& part) {
    storage_.assign(static_cast<std::size_t>(at.column_height() * part.positions), T{0});
    return {storage_.data(), at.column_height(), part.positions, part.positions};
  }

  matrix_view<T> of(const window& at, const strip& part, const T* image) {
    const matrix_view<T> columns = zeros(at, part);
    for_each_tap(at, part, [&](std::int64_t pixel, std::int64_t column) { columns.data[column] = image[pixel]; });
    return columns;
  }

 private:
  std::vector<T> storage_;
};

/// image, weights -> grid
template <class T>
void correlate(const window& at, const T* image, const T* weights, T* grid) {
  std::fill_n(grid, at.grid.elements(), T{0});
  unfolded_windows<T> columns;
  for_each_strip(at, [&](const strip& part) {
    add_product<T>(weight_matrix(at, part, weights), columns.of(at, part, image), grid_matrix(at, part, grid));
  });
}

/// grid, weights -> image: the adjoint of correlate in the image
template <class T>
void spread(const window& at, const T* grid, const T* weights, T* image) {
  std::fill_n(image, at.image.elements(), T{0});
  unfolded_windows<T> windows;
  for_each_strip(at, [&](const strip& part) {
    const matrix_view<T> columns = windows.zeros(at, part);
    add_product<T>(weight_matrix(at, part, weights).transposed(), grid_matrix(at, part, grid), columns);
    for_each_tap(at, part, [&](std::int64_t pixel, std::int64_t column) { image[pixel] += columns.data[column]; });
  });
}

/// image, grid -> weights: the adjoint of correlate in the weights
template <class T>
void correlate_weights(const window& at, const T* image, const T* grid, T* weights) {
  std::fill_n(weights, at.weight_count(), T{0});
  unfolded_windows<T> columns;
  std::vector<T> turned;  // (position, image channel and tap), so that its rows are those of a product
  for_each_strip(at, [&](const strip& part) {
    const matrix_view<T> unfolded = columns.of(at, part, image);
    turned.resize(static_cast<std::size_t>(unfolded.rows * unfolded.columns));
    const matrix_view<T> factor{turned.data(), unfolded.columns, unfolded.rows, unfolded.rows};
    transpose(unfolded, factor);
    add_product<T>(grid_matrix(at, part, grid), factor, weight_matrix(at, part, weights));
  });
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
