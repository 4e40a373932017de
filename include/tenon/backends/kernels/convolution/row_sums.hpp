// SPDX-License-Identifier: Apache-2.0
// What convolutions of few plain channels sum up: some channels of some vectors of pixels at once, in registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/convolution/row_tiles.hpp"
#include "tenon/backends/kernels/elementwise/activations.hpp"
#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct row_arguments {
  operand source, result;  ///< x and y, or dy and dx; plain, of at most most_row_channels
  const float* weights;    ///< (depth, height, width taps, source channels, result channels)
  const float* bias;       ///< nullptr: none
  const float* addend;     ///< as the result, which may overwrite it; nullptr: none
  activation fused = activation::none;
  float slope = 0;
  row_dimension along[3];  ///< depth, height, width
  row_scratch scratch;
};

/// Where sums lie, and the floats from a channel's, a run's or a pixel's to the next.
struct sums_place {
  float* first;
  std::int64_t channel, run, pixel;
};

/// A plane of the source, the depth tap through which it is seen, and the first of the taps that look at it at once.
struct row_window {
  std::int64_t depth, depth_tap, h, w;
};

/// What is summed of a tile: `from` and what the taps see become `to`, none below `least`.
struct row_sums {
  const row_arguments* arguments;
  const row_tiles* tiles;
  const row_tile* tile;
  const row_tile* ahead;  ///< what comes next, or nullptr
  row_window window;
  std::int64_t pixels;  ///< of a run, in whole vectors
  float* lines;
  bool has_lines;  ///< else they are copied
  sums_place from, to;
  float least;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/row_sums_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
