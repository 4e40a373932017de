// SPDX-License-Identifier: Apache-2.0
// Convolutions, transposed ones and their data gradients of any groups, stride and dilation: for what oneDNN has slow
// code alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tenon/backends/kernels/convolution/epilogue.hpp"
#include "tenon/backends/kernels/convolution/taps.hpp"
#include "tenon/backends/kernels/dispatch/lanes.hpp"

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/direct_convolution_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// source, weights (block, tap, source channel of the block's range, lane) -> result, which is blocked; the source may
/// be contiguous. Padding channels become zeros.
///
/// The microkernel keeps the sums of eight pixels of a row in registers, a lane a channel of one block (of two with
/// AVX-512), and goes through taps and source channels:
///
///     source row at a tap, channel c       weights of tap and c        sums of the block
///
///     . x0 . x1 . x2 .  ...  . x7 .        w0 w1 w2  ...  w15          pixel 0  += x0 * w0 w1 w2  ...  w15
///       |<-->|                             one load for all pixels     pixel 1  += x1 * w0 w1 w2  ...  w15
///       stride                                                           ...
///                                                                      pixel 7  += x7 * w0 w1 w2  ...  w15
///
/// A transposed convolution takes the pixels of one phase, whose sources are neighbours (taps.hpp).
///
/// requires: `WithAvx512`, or another instruction set. Without, AVX-512 is not compiled for.
template <bool WithAvx512 = true, class Arguments = direct_arguments>
void direct_convolution(isa set, const Arguments& of) {
  const std::int64_t together = set == isa::avx512 && of.groups == 1 ? 2 : 1;
  auto part = set == isa::avx2 ? &avx2::direct_part<Arguments> : &baseline::direct_part<Arguments>;
  if constexpr (WithAvx512) {
    if (set == isa::avx512) part = &avx512::direct_part<Arguments>;
  }
  in_parallel(of.to.batch * divide_up(of.to.blocks, together) * of.rows_of_plane(), part, of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
