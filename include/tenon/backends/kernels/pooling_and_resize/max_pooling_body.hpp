// SPDX-License-Identifier: Apache-2.0
// The kernels of max_pooling.hpp: read once for each instruction set, by each_isa.hpp.

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
                   blocked_extents(operands[0].extents, block),
                   blocked_extents(results[0].extents, block),
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
  const operand& dy = operand_at<role::output_gradient, operation::max_pool_gradient>(operands);
  const pooling of{attribute,
                   blocked_extents(operands[0].extents, block),
                   blocked_extents(dy.extents, block),
                   operands[0].as<const float>(),
                   dy.as<const float>(),
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
