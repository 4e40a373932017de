// SPDX-License-Identifier: Apache-2.0
// Resizing, nearest and linear, and its gradient.
#pragma once

#include <algorithm>
#include <span>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/core/interpolation.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace kernels {

/// What a coordinate of the result reads: (1 - share) * x[first] + share * x[second].
struct line_source {
  std::int64_t first, second;
  float share;
};

/// One dimension of a resize, in PyTorch's conventions and its float arithmetic.
struct resized_line {
  std::int64_t from, to;
  interpolation mode;

  resized_line(interpolation how, std::int64_t from_extent, std::int64_t to_extent)
      : from(from_extent), to(to_extent), mode(how) {}

  line_source operator()(std::int64_t position) const {
    if (mode == interpolation::nearest) {
      const std::int64_t source = nearest_source(position, from, to);
      return {source, source, 0};
    }
    const float source =
        mode == interpolation::linear ? half_pixel_source(position, from, to) : aligned_source(position, from, to);
    const std::int64_t first = std::min(static_cast<std::int64_t>(source), from - 1);
    return {first, std::min(first + 1, from - 1), source - static_cast<float>(first)};
  }

  /// The first position that reads `source`, or one after it; sources never go back.
  std::int64_t first_reader(std::int64_t source) const {
    std::int64_t low = 0, high = to;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if ((*this)(middle).second < source)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

  /// How much of `source` a position reads.
  static float share_of(const line_source& at, std::int64_t source) {
    return (at.first == source ? 1 - at.share : 0) + (at.second == source ? at.share : 0);
  }
};

struct resizing {
  blocked_extents from, to;  ///< of x and y; the gradient goes the other way
  resized_line depth, height, width;
  const float* read;
  float* written;

  resizing(interpolation mode, const blocked_extents& x, const blocked_extents& y, const float* source, float* target)
      : from(x),
        to(y),
        depth(mode, x.depth, y.depth),
        height(mode, x.height, y.height),
        width(mode, x.width, y.width),
        read(source),
        written(target) {}
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END

#define TENON_KERNEL_FILE "tenon/backends/kernels/pooling_and_resize/resize_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
