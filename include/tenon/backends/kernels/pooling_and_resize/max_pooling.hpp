// SPDX-License-Identifier: Apache-2.0
// Max pooling and its gradient.
#pragma once

#include <algorithm>
#include <limits>
#include <span>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// The taps of a pooling window that fall inside the image, along one dimension: from `first`, `taps` of them.
struct window_range {
  std::int64_t first = 0, taps = 0, dilation = 1;

  window_range(const attributes& attribute, int dimension, std::int64_t position, std::int64_t extent)
      : dilation(attribute.dilation[static_cast<std::size_t>(dimension)]) {
    const auto d = static_cast<std::size_t>(dimension);
    const std::int64_t start = position * attribute.stride[d] - attribute.padding_begin[d];
    const std::int64_t outside = start < 0 ? divide_up(-start, dilation) : 0;
    first = start + outside * dilation;
    if (first < extent)
      taps = std::clamp<std::int64_t>(attribute.kernel[d] - outside, 0, divide_up(extent - first, dilation));
  }
};

/// A pooling's work: images x and dx, windows y and dy.
struct pooling {
  const attributes& attribute;
  blocked_extents image, grid;
  const float* x;
  const float* dy;
  float* to;  ///< y or dx

  bool separate(int dimension) const {
    const auto d = static_cast<std::size_t>(dimension);
    return attribute.dilation[d] * (attribute.kernel[d] - 1) + 1 <= attribute.stride[d];
  }
};

/// The part of a dimension of the image that belongs to some window: parts of neighbours meet, and the first and the
/// last reach the border.
struct owned_range {
  std::int64_t begin, end;

  owned_range(const attributes& attribute, int dimension, std::int64_t position, std::int64_t windows,
              std::int64_t extent) {
    const auto d = static_cast<std::size_t>(dimension);
    const std::int64_t stride = attribute.stride[d], padding = attribute.padding_begin[d];
    begin = position == 0 ? 0 : std::clamp<std::int64_t>(position * stride - padding, 0, extent);
    end = position + 1 == windows ? extent : std::clamp<std::int64_t>((position + 1) * stride - padding, 0, extent);
  }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/pooling_and_resize/max_pooling_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
