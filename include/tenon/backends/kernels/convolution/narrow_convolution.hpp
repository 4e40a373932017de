// SPDX-License-Identifier: Apache-2.0
// Pointwise convolutions between a few channels, which are contiguous, and blocked ones; and their gradients.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/kernels/elementwise/activations.hpp"
#include "tenon/backends/kernels/movement/reorder.hpp"
#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct narrow_arguments {
  operand wide;           ///< blocked
  operand narrow;         ///< contiguous, of at most most_narrow_channels
  const float* weights;   ///< (narrow_rows, wide channels in whole blocks), zeros where there are none
  const float* bias;      ///< of the result, padded as it is; nullptr: none
  const float* residual;  ///< as the result, which may overwrite it; nullptr: none
  activation fused = activation::none;
  float slope = 0;
};

struct narrow_gradient_arguments {
  operand wide, narrow;
  float* sums;  ///< narrow_parts times (narrow_rows and 1, wide channels in whole blocks) and narrow_rows
  float* dw;    ///< nullptr: left out, as the following are
  std::int64_t narrow_step, wide_step;  ///< in dw, from one channel to the next
  float* narrow_sums;                   ///< of each channel: a bias's gradient
  float* wide_sums;
};

struct parted_narrow_gradient {
  const narrow_gradient_arguments* arguments;
  equal_parts parts;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/narrow_convolution_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// wide, w, [b], [residual] -> narrow: x -> y, or dy -> dx
template <class Arguments = narrow_arguments>
void convolve_to_narrow(isa set, const Arguments& of) {
  dispatch(set, &baseline::convolve_to_narrow<Arguments>, &avx2::convolve_to_narrow<Arguments>,
           &avx512::convolve_to_narrow<Arguments>)(of);
}

/// narrow, w, [b], [residual] -> wide
template <class Arguments = narrow_arguments>
void convolve_to_wide(isa set, const Arguments& of) {
  dispatch(set, &baseline::convolve_to_wide<Arguments>, &avx2::convolve_to_wide<Arguments>,
           &avx512::convolve_to_wide<Arguments>)(of);
}

/// wide, narrow -> dw, [sums]: one of them is x, the other dy
template <class Arguments = narrow_gradient_arguments>
void narrow_weight_gradient(isa set, const Arguments& of) {
  dispatch(set, &baseline::narrow_weight_gradient<Arguments>, &avx2::narrow_weight_gradient<Arguments>,
           &avx512::narrow_weight_gradient<Arguments>)(of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
