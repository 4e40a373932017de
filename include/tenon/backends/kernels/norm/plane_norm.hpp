// SPDX-License-Identifier: Apache-2.0
// Batch norm of contiguous values and its gradient: each plane is a run of one channel.
#pragma once

#include "tenon/backends/kernels/norm/norm_parts.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Mean of some values, and the sum of squared deviations from it.
struct plane_moments {
  double count = 0, mean = 0, squares = 0;

  void join(double more, double more_mean, double more_squares) {
    if (more == 0) return;
    join_moments(mean, squares, count, more_mean, more_squares, more);
    count += more;
  }
};

/// Sums of dy and of dy * normalized(x).
struct plane_sums {
  double unweighted = 0, weighted = 0;
};

/// What a thread takes at once of a plane.
inline constexpr std::int64_t plane_tile = 8192;

/// The extents of contiguous values, cut into tiles. Those of a channel go through all images.
struct plane_tiles {
  std::int64_t channels, pixels, of_plane, of_channel;

  explicit plane_tiles(const shape& extents)
      : channels(extents.channels()),
        pixels(extents.spatial_elements()),
        of_plane(divide_up(pixels, plane_tile)),
        of_channel(extents.batch() * of_plane) {}

  /// Where a channel's i-th tile begins, and how many floats it has.
  std::int64_t place(std::int64_t channel, std::int64_t i) const {
    return (i / of_plane * channels + channel) * pixels + i % of_plane * plane_tile;
  }
  std::int64_t floats(std::int64_t i) const { return std::min(plane_tile, pixels - i % of_plane * plane_tile); }
  /// The parts in which a channel is summed.
  equal_parts parts() const { return {of_channel, std::max<std::int64_t>(1, most_parts / channels), 1}; }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/plane_norm_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
