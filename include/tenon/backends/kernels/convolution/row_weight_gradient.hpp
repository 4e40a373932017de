// SPDX-License-Identifier: Apache-2.0
// Weight gradients of convolutions of few contiguous channels.
#pragma once

#include "tenon/backends/kernels/convolution/row_convolution.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct row_gradient_arguments {
  operand x, dy;  ///< contiguous
  float* sums;    ///< row_parts times (depth, height, width taps, x's channels, dy's channels) and dy's channels
  float* dw;      ///< (dy's channels, x's channels, taps)
  float* db;      ///< either may be nullptr: left out
  row_dimension along[3];
  row_scratch scratch;
};

struct tiled_row_gradient {
  const row_gradient_arguments* arguments;
  row_tiles tiles;
  equal_parts parts;  ///< of sums
  std::int64_t runs;  ///< of parts, in order; each has its own scratch memory

  tiled_row_gradient(const row_gradient_arguments& of, std::int64_t floats_of_vector)
      : arguments(&of),
        tiles(of.x.extents.batch(), of.x.extents.channels(), of.dy.extents.channels(), of.along, floats_of_vector),
        parts(tiles.count(), row_parts, 1),
        runs(of.scratch.parts_of(parts.count)) {}

  std::int64_t weights() const { return tiles.depth.taps * tiles.plane_weights(); }
  float* sums(std::int64_t part) const { return arguments->sums + part * (weights() + tiles.result_channels); }
};

/// Lines of x and dy of a tile, and where their products are summed.
struct row_products {
  const row_tiles* tiles;
  std::int64_t runs, run;
  const float* lines;
  const float* dy;
  float* sums;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/row_weight_gradient_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// x, dy -> dw, [db]
template <class Arguments = row_gradient_arguments>
void row_weight_gradient(isa set, const Arguments& of) {
  dispatch(set, &baseline::row_weight_gradient<Arguments>, &avx2::row_weight_gradient<Arguments>,
           &avx512::row_weight_gradient<Arguments>)(of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
