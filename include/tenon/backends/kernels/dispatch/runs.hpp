// SPDX-License-Identifier: Apache-2.0
// Runs of pixels: how kernels that know the channel they work on go over a blocked tensor.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/backends/kernels/dispatch/parts.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Pixels of one block plane, one after the other. Pixels are counted over all block planes, so that `first` times the
/// block is the first element.
struct pixel_run {
  std::int64_t first, pixels;
  std::int64_t image, channel;  ///< the channel is the block's first
  std::int64_t begin;           ///< of `first` in its plane
};

/// The first run of the pixels [begin, end).
inline pixel_run first_run(const blocked_extents& of, int block, std::int64_t begin, std::int64_t end) {
  const std::int64_t plane = begin / of.pixels;
  return {begin, std::min(end, (plane + 1) * of.pixels) - begin, plane / of.blocks, plane % of.blocks * block,
          begin - plane * of.pixels};
}

/// The pixels of all block planes.
inline std::int64_t pixels_of(const blocked_extents& of) { return of.planes() * of.pixels; }

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
