// SPDX-License-Identifier: Apache-2.0
// What follows a convolution, in place: bias and activation, where its own come slowly or leave padding that is not 0.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/kernels/elementwise/activations.hpp"
#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct epilogue_arguments {
  const float* bias;  ///< nullptr: none; padded with zeros to whole blocks
  activation function;
  float slope;
  float* y;
  blocked_extents extents;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/convolution/epilogue_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Adds a bias (nullptr: none; padded with zeros to whole blocks) to a blocked activation and applies the function, in
/// place; padding channels become zeros.
inline void epilogue(isa set, const operand& y, const float* bias, activation function, double slope) {
  const epilogue_arguments of{bias, function, static_cast<float>(slope), y.as<float>(),
                              blocked_extents(y.extents, block_of(set))};
  const auto part = dispatch(set, baseline::epilogue_part, avx2::epilogue_part, avx512::epilogue_part);
  in_parallel(of.extents.planes() * of.extents.pixels, part, of);
}

/// Makes padding channels of a blocked activation zeros.
inline void clear_padding(isa set, const operand& y) {
  const blocked_extents extents(y.extents, block_of(set));
  if (extents.channels % block_of(set) == 0) return;
  const epilogue_arguments of{nullptr, activation::none, 0, y.as<float>(), extents};
  const auto part = dispatch(set, baseline::clear_padding_part, avx2::clear_padding_part, avx512::clear_padding_part);
  in_parallel(extents.batch * extents.pixels, part, of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
