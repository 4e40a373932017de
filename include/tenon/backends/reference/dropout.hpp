// SPDX-License-Identifier: Apache-2.0
// Dropout, which is its own gradient.
#pragma once

#include "tenon/backends/dropout_mask.hpp"
#include "tenon/backends/reference/tensor.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// x -> y; y may overwrite x. What is not finite and dropped becomes NaN, as in PyTorch.
template <class T>
void dropout(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results,
             const step_arguments& arguments) {
  const dropout_mask mask(attribute, arguments);
  const auto factor = static_cast<T>(kept_factor(attribute));
  const T* x = operands[0].as<const T>();
  T* y = results[0].as<T>();
  const std::int64_t pixels = attribute.channelwise ? operands[0].extents.spatial_elements() : 1;
  for (std::int64_t i = 0; i < operands[0].extents.elements(); ++i) {
    y[i] = x[i] * (mask.keeps(static_cast<std::uint32_t>(i / pixels)) ? factor : T{0});
  }
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
