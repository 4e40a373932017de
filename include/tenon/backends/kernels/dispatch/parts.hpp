// SPDX-License-Identifier: Apache-2.0
// How kernels divide their work: the extents of a blocked tensor, parts for threads, parts of sums.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/core/parallel.hpp"
#include "tenon/core/shape.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// The extents of an activation in channel blocks; pixels = depth * height * width.
struct blocked_extents {
  std::int64_t batch, channels, blocks, depth, height, width, pixels;

  blocked_extents(const shape& extents, int block)
      : batch(extents.batch()),
        channels(extents.channels()),
        blocks((channels + block - 1) / block),
        depth(extents.spatial(0)),
        height(extents.spatial(1)),
        width(extents.spatial(2)),
        pixels(extents.spatial_elements()) {}

  /// Block planes: one block of channels of one image each.
  std::int64_t planes() const { return batch * blocks; }
};

/// Calls `part(arguments, begin, end)` on parts of [0, count), one a thread.
template <class Arguments>
void in_parallel(std::int64_t count, void (*part)(const Arguments&, std::int64_t, std::int64_t),
                 const Arguments& arguments) {
  parallel_for(count, [part, &arguments](std::int64_t begin, std::int64_t end) { part(arguments, begin, end); });
}

constexpr std::int64_t divide_up(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

/// The most parts a sum is made of. Parts do not depend on the thread count, so neither do results.
inline constexpr std::int64_t most_parts = 128;

/// [0, count) cut into at most `most` parts of equal size, a multiple of `grain`.
struct equal_parts {
  std::int64_t total, size, count;

  equal_parts(std::int64_t of, std::int64_t most, std::int64_t grain)
      : total(of), size(divide_up(divide_up(of, most), grain) * grain), count(divide_up(of, size)) {}

  std::int64_t begin(std::int64_t part) const { return part * size; }
  std::int64_t end(std::int64_t part) const { return std::min(total, (part + 1) * size); }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
