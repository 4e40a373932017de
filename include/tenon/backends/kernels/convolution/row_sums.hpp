// SPDX-License-Identifier: Apache-2.0
// What convolutions of few contiguous channels sum up: some channels of some vectors of pixels at once, in registers.
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

// Registers while a run of pixels is summed, here for 3 result channels and 2 vectors of 16 pixels:
//
//                   pixels 0-15    pixels 16-31
//     channel 0     sum[0][0]      sum[0][1]        for each source channel and each tap:
//     channel 1     sum[1][0]      sum[1][1]          x[v] = 16 floats of the tap's line buffer
//     channel 2     sum[2][0]      sum[2][1]          sum[c][v] += weight[tap][source channel][c] * x[v]
//
// Each x[v] is loaded once for all result channels, each weight is broadcast once for all vectors.

struct row_arguments {
  operand source, result;  ///< x and y, or dy and dx; contiguous, of at most most_row_channels
  const float* weights;    ///< (depth, height, width taps, source channels, result channels)
  const float* bias;       ///< nullptr: none
  const float* residual;   ///< as the result, which may overwrite it; nullptr: none
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

/// A plane of the source, the depth tap that reads it, and the first of the taps that read it at once.
struct row_window {
  std::int64_t depth, depth_tap, h, w;
};

/// What is summed of a tile: `from` and what the taps read become `to`, none below `least`.
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
