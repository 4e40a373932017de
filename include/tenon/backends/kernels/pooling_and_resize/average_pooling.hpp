// SPDX-License-Identifier: Apache-2.0
// Average pooling by sliding and by adaptive windows, and its gradient.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// The windows of an average pooling along one dimension: sliding, or adaptive where the kernel is 0.
struct averaged_windows {
  std::int64_t extent, windows;  ///< of the image, of the result
  std::int64_t kernel = 0, stride = 1, padding = 0;
  bool counts_padding = false;

  averaged_windows(std::int64_t image, std::int64_t result) : extent(image), windows(result) {}
  averaged_windows(const attributes& attribute, std::size_t dimension, std::int64_t image, std::int64_t result)
      : extent(image),
        windows(result),
        kernel(attribute.kernel[dimension]),
        stride(attribute.stride[dimension]),
        padding(attribute.padding_begin[dimension]),
        counts_padding(attribute.counts_padding) {}

  // The pixels of window i inside the image, and how many count for its mean.
  std::int64_t begin(std::int64_t i) const {
    return kernel == 0 ? i * extent / windows : std::max<std::int64_t>(i * stride - padding, 0);
  }
  std::int64_t end(std::int64_t i) const {
    return kernel == 0 ? divide_up((i + 1) * extent, windows) : std::min(i * stride - padding + kernel, extent);
  }
  std::int64_t count(std::int64_t i) const { return counts_padding ? kernel : end(i) - begin(i); }
  bool count_alike() const { return kernel == 0 ? extent % windows == 0 : counts_padding || padding == 0; }

  // The windows over a pixel; none if the first is behind the last.
  std::int64_t first_over(std::int64_t pixel) const {
    if (kernel == 0) return pixel * windows / extent;
    return pixel + padding < kernel ? 0 : (pixel + padding - kernel) / stride + 1;
  }
  std::int64_t last_over(std::int64_t pixel) const {
    if (kernel == 0) return divide_up((pixel + 1) * windows, extent) - 1;
    return std::min((pixel + padding) / stride, windows - 1);
  }
};

/// An average pooling's work: x to y, or dy to dx.
struct averaging {
  blocked_extents image, grid;
  std::array<averaged_windows, 3> windows;  ///< depth, height, width
  const float* from;
  float* to;
  double* sums = nullptr;  ///< of parts of windows, if there are any
  std::int64_t parts = 1;  ///< of a window
  float share = 0;         ///< one over what every window counts; 0 where windows differ

  std::int64_t count(std::int64_t d, std::int64_t h, std::int64_t w) const {
    return windows[0].count(d) * windows[1].count(h) * windows[2].count(w);
  }
  float share_of(std::int64_t d, std::int64_t h, std::int64_t w) const {
    return 1.0f / static_cast<float>(count(d, h, w));
  }
  std::int64_t windows_in_all() const { return grid.planes() * grid.pixels; }
};

/// The pixels of a window, in any block plane. They are summed in pieces: at most so many pixels of one row. Rows that
/// follow one another without gaps are taken for one.
struct averaged_box {
  static constexpr std::int64_t piece_pixels = 64;
  std::int64_t first, extent[3], row_pieces;
  std::int64_t count;  ///< what the sum is divided by

  /// The window at a position of the result, counted over its depth, height and width.
  averaged_box(const averaging& of, std::int64_t position) {
    const std::int64_t at[] = {position / (of.grid.height * of.grid.width), position / of.grid.width % of.grid.height,
                               position % of.grid.width};
    std::int64_t begin[3];
    for (std::size_t d = 0; d < 3; ++d) {
      begin[d] = of.windows[d].begin(at[d]);
      extent[d] = of.windows[d].end(at[d]) - begin[d];
    }
    first = (begin[0] * of.image.height + begin[1]) * of.image.width + begin[2];
    count = of.count(at[0], at[1], at[2]);
    if (extent[2] == of.image.width) {
      const bool planes_too = extent[1] == of.image.height;
      extent[2] *= std::exchange(extent[1], 1);
      if (planes_too) extent[2] *= std::exchange(extent[0], 1);
    }
    row_pieces = divide_up(extent[2], piece_pixels);
  }

  std::int64_t pixels() const { return extent[0] * extent[1] * extent[2]; }
  std::int64_t pieces() const { return extent[0] * extent[1] * row_pieces; }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/pooling_and_resize/average_pooling_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
