// SPDX-License-Identifier: Apache-2.0
// Depthwise convolutions, transposed ones and their data gradients, in two and three dimensions, of any stride and
// dilation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/convolution/epilogue.hpp"
#include "tenon/backends/kernels/convolution/taps.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/depthwise_convolution_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// source, weights (block, tap, lane) -> result; both are blocked, of equally many channels, each a group. Padding
/// channels become zeros. requires: at most most_depthwise_taps taps.
template <class Arguments = direct_arguments>
void depthwise(isa set, const Arguments& of) {
  const auto part = dispatch(set, &baseline::depthwise_part<Arguments>, &avx2::depthwise_part<Arguments>,
                             &avx512::depthwise_part<Arguments>);
  in_parallel(of.to.planes() * of.rows_of_plane(), part, of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
