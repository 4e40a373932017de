// SPDX-License-Identifier: Apache-2.0
// Max pooling and its gradient.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_POOLING_HPP
#    define TENON_BACKENDS_KERNELS_POOLING_HPP

#    include <algorithm>
#    include <limits>
#    include <span>

#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"
#    include "tenon/backends/operand.hpp"

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
  geometry image, grid;
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

#    define TENON_KERNEL_FILE "tenon/backends/kernels/pooling.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Whether a value takes the place of the greatest so far: the first greatest stays, and a NaN wins.
TENON_KERNEL_INLINE ivec replaces(vec value, vec greatest) { return (value > greatest) | (value != value); }

/// Rows of windows.
TENON_KERNEL inline void max_pool_part(const pooling& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / (of.grid.depth * of.grid.height),
                       in_plane = row % (of.grid.depth * of.grid.height);
    const window_range d(of.attribute, 0, in_plane / of.grid.height, of.image.depth);
    const window_range h(of.attribute, 1, in_plane % of.grid.height, of.image.height);
    for (std::int64_t column = 0; column < of.grid.width; ++column) {
      const window_range w(of.attribute, 2, column, of.image.width);
      const bool nothing = d.taps == 0 || h.taps == 0 || w.taps == 0;
      const float* const window =
          of.x + (((plane * of.image.depth + d.first) * of.image.height + h.first) * of.image.width + w.first) * block;
      for (int lane = 0; lane < block; lane += width) {
        vec greatest = all(-std::numeric_limits<float>::infinity());
        if (nothing)  // but zeros in the channel padding
          for (int k = 0; k < width; ++k)
            if (plane % of.grid.blocks * block + lane + k >= of.grid.channels) greatest[k] = 0;
        for (std::int64_t i = 0; i < d.taps; ++i)
          for (std::int64_t j = 0; j < h.taps; ++j) {
            const float* x =
                window + (i * d.dilation * of.image.height + j * h.dilation) * of.image.width * block + lane;
            for (std::int64_t k = 0; k < w.taps; ++k, x += w.dilation * block) {
              const vec value = load(x);
              greatest = replaces(value, greatest) ? value : greatest;
            }
          }
        store(of.to + (row * of.grid.width + column) * block + lane, greatest);
      }
    }
  }
}

/// x -> y
inline void max_pool(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const pooling of{attribute,
                   geometry(operands[0].extents, block),
                   geometry(results[0].extents, block),
                   operands[0].as<const float>(),
                   nullptr,
                   results[0].as<float>()};
  in_parallel(of.grid.planes() * of.grid.depth * of.grid.height, max_pool_part, of);
}

/// Adds the gradients of one row of windows to the first greatest of each.
TENON_KERNEL_INLINE void spread_row(const pooling& of, std::int64_t row) {
  const std::int64_t plane = row / (of.grid.depth * of.grid.height), in_plane = row % (of.grid.depth * of.grid.height);
  const window_range d(of.attribute, 0, in_plane / of.grid.height, of.image.depth);
  const window_range h(of.attribute, 1, in_plane % of.grid.height, of.image.height);
  for (std::int64_t column = 0; column < of.grid.width; ++column) {
    const window_range w(of.attribute, 2, column, of.image.width);
    const std::int64_t window =
        (((plane * of.image.depth + d.first) * of.image.height + h.first) * of.image.width + w.first) * block;
    for (int lane = 0; lane < block; lane += width) {
      vec greatest = all(-std::numeric_limits<float>::infinity());
      ivec chosen = {}, tap = {};
      for (std::int64_t i = 0; i < d.taps; ++i)
        for (std::int64_t j = 0; j < h.taps; ++j) {
          const std::int64_t line = (i * d.dilation * of.image.height + j * h.dilation) * of.image.width * block;
          for (std::int64_t k = 0; k < w.taps; ++k, tap += 1) {
            const vec value = load(of.x + window + line + k * w.dilation * block + lane);
            const ivec better = replaces(value, greatest);
            greatest = better ? value : greatest;
            chosen = better ? tap : chosen;
          }
        }
      const vec gradient = load(of.dy + (row * of.grid.width + column) * block + lane);
      tap = ivec{};
      for (std::int64_t i = 0; i < d.taps; ++i)
        for (std::int64_t j = 0; j < h.taps; ++j) {
          const std::int64_t line = (i * d.dilation * of.image.height + j * h.dilation) * of.image.width * block;
          for (std::int64_t k = 0; k < w.taps; ++k, tap += 1) {
            float* const dx = of.to + window + line + k * w.dilation * block + lane;
            store(dx, load(dx) + (chosen == tap ? gradient : vec{}));
          }
        }
    }
  }
}

/// Rows of windows that share nothing: each clears its own part of the image, which then lies in the cache.
TENON_KERNEL inline void separate_rows_part(const pooling& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / (of.grid.depth * of.grid.height),
                       in_plane = row % (of.grid.depth * of.grid.height);
    const owned_range d(of.attribute, 0, in_plane / of.grid.height, of.grid.depth, of.image.depth);
    const owned_range h(of.attribute, 1, in_plane % of.grid.height, of.grid.height, of.image.height);
    for (std::int64_t i = d.begin; i < d.end; ++i)
      std::fill_n(of.to + ((plane * of.image.depth + i) * of.image.height + h.begin) * of.image.width * block,
                  (h.end - h.begin) * of.image.width * block, 0.0f);
    spread_row(of, row);
  }
}

/// Whole planes, whose windows overlap.
TENON_KERNEL inline void overlapping_planes_part(const pooling& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t rows = of.grid.depth * of.grid.height;
  for (std::int64_t plane = begin; plane < end; ++plane) {
    std::fill_n(of.to + plane * of.image.pixels * block, of.image.pixels * block, 0.0f);
    for (std::int64_t row = plane * rows; row < (plane + 1) * rows; ++row) spread_row(of, row);
  }
}

/// x, dy -> dx; the first greatest of a window takes the gradient
inline void max_pool_gradient(const attributes& attribute, std::span<const operand> operands,
                              std::span<const operand> results) {
  const pooling of{attribute,
                   geometry(operands[0].extents, block),
                   geometry(operands[1].extents, block),
                   operands[0].as<const float>(),
                   operands[1].as<const float>(),
                   results[0].as<float>()};
  if (of.separate(0) && of.separate(1))
    in_parallel(of.grid.planes() * of.grid.depth * of.grid.height, separate_rows_part, of);
  else
    in_parallel(of.grid.planes(), overlapping_planes_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
