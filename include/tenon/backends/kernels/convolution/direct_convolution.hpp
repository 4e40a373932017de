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
template <class Arguments = direct_arguments>
void direct_convolution(isa set, const Arguments& of) {
  const std::int64_t together = set == isa::avx512 && of.groups == 1 ? 2 : 1;
  const auto part =
      dispatch(set, &baseline::direct_part<Arguments>, &avx2::direct_part<Arguments>, &avx512::direct_part<Arguments>);
  in_parallel(of.to.batch * divide_up(of.to.blocks, together) * of.rows_of_plane(), part, of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
