// SPDX-License-Identifier: Apache-2.0
// Convolutions of few contiguous channels, and their data gradients: vectors are pixels of a row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "tenon/backends/kernels/convolution/row_sums.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct tiled_row_arguments {
  const row_arguments* arguments;
  row_tiles tiles;
  std::int64_t parts;  ///< of the tiles, in order; each has its own scratch memory
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/row_convolution_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// x, w, [b], [residual] -> y, or dy, w -> dx
template <class Arguments = row_arguments>
void row_convolution(isa set, const Arguments& of) {
  dispatch(set, &baseline::row_convolution<Arguments>, &avx2::row_convolution<Arguments>,
           &avx512::row_convolution<Arguments>)(of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
