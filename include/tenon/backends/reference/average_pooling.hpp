// SPDX-License-Identifier: Apache-2.0
// Average pooling by sliding and by adaptive windows, and its gradient.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "tenon/backends/operand.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// A window along one dimension: pixels begin to end - 1 of the image; of its mean, how many pixels count.
struct averaged_range {
  std::int64_t begin, end, count;
};

/// Windows of a given size and step, padded.
struct sliding_windows {
  const attributes& attribute;

  averaged_range operator()(int dimension, std::int64_t position, std::int64_t extent, std::int64_t /*windows*/) const {
    const auto d = static_cast<std::size_t>(dimension);
    const std::int64_t first = position * attribute.stride[d] - attribute.padding_begin[d];
    const std::int64_t begin = std::max<std::int64_t>(first, 0), end = std::min(first + attribute.kernel[d], extent);
    return {begin, end, attribute.counts_padding ? attribute.kernel[d] : end - begin};
  }
};

/// As many windows as the result has pixels.
struct adaptive_windows {
  averaged_range operator()(int /*dimension*/, std::int64_t position, std::int64_t extent, std::int64_t windows) const {
    const std::int64_t begin = position * extent / windows, end = ((position + 1) * extent + windows - 1) / windows;
    return {begin, end, end - begin};
  }
};

/// For every window of a plane calls `function(position, share, pixel)` with each of its pixels inside the image;
/// `share` is one over the pixels that count.
template <class Windows, class Function>
void for_each_averaged(const Windows& windows, const shape& image, const shape& grid, const Function& function) {
  std::int64_t position = 0;
  for (std::int64_t gd = 0; gd < grid.spatial(0); ++gd)
    for (std::int64_t gh = 0; gh < grid.spatial(1); ++gh)
      for (std::int64_t gw = 0; gw < grid.spatial(2); ++gw, ++position) {
        const averaged_range depth = windows(0, gd, image.spatial(0), grid.spatial(0)),
                             height = windows(1, gh, image.spatial(1), grid.spatial(1)),
                             width = windows(2, gw, image.spatial(2), grid.spatial(2));
        const double share = 1.0 / static_cast<double>(depth.count * height.count * width.count);
        for (std::int64_t d = depth.begin; d < depth.end; ++d)
          for (std::int64_t h = height.begin; h < height.end; ++h)
            for (std::int64_t w = width.begin; w < width.end; ++w)
              function(position, share, (d * image.spatial(1) + h) * image.spatial(2) + w);
      }
}

/// x -> y, each the mean of a window
template <class T, class Windows>
void average(const Windows& windows, const operand& x, const operand& y) {
  const T* from = x.as<const T>();
  T* to = y.as<T>();
  const std::int64_t positions = y.extents.spatial_elements();
  for (std::int64_t plane = 0; plane < std::int64_t{x.extents.batch()} * x.extents.channels(); ++plane) {
    std::int64_t summed = -1;
    double sum = 0;
    std::fill_n(to, positions, T{0});
    for_each_averaged(windows, x.extents, y.extents, [&](std::int64_t position, double share, std::int64_t pixel) {
      if (position != summed) sum = 0;
      summed = position;
      sum += static_cast<double>(from[pixel]);
      to[position] = static_cast<T>(sum * share);
    });
    from += x.extents.spatial_elements();
    to += positions;
  }
}

/// dy -> dx: every pixel of a window takes its share
template <class T, class Windows>
void average_gradient(const Windows& windows, const operand& dy, const operand& dx) {
  const T* arriving = dy.as<const T>();
  T* to = dx.as<T>();
  std::fill_n(to, dx.extents.elements(), T{0});
  for (std::int64_t plane = 0; plane < std::int64_t{dx.extents.batch()} * dx.extents.channels(); ++plane) {
    for_each_averaged(windows, dx.extents, dy.extents, [&](std::int64_t position, double share, std::int64_t pixel) {
      to[pixel] += static_cast<T>(static_cast<double>(arriving[position]) * share);
    });
    arriving += dy.extents.spatial_elements();
    to += dx.extents.spatial_elements();
  }
}

/// x -> y
template <class T>
void average_pool(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  average<T>(sliding_windows{attribute}, operands[0], results[0]);
}

/// dy -> dx
template <class T>
void average_pool_gradient(const attributes& attribute, std::span<const operand> operands,
                           std::span<const operand> results) {
  average_gradient<T>(sliding_windows{attribute}, operands[0], results[0]);
}

/// x -> y of the result's size
template <class T>
void adaptive_average_pool(std::span<const operand> operands, std::span<const operand> results) {
  average<T>(adaptive_windows{}, operands[0], results[0]);
}

/// dy -> dx
template <class T>
void adaptive_average_pool_gradient(std::span<const operand> operands, std::span<const operand> results) {
  average_gradient<T>(adaptive_windows{}, operands[0], results[0]);
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
