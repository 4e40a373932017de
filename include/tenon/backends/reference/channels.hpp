// SPDX-License-Identifier: Apache-2.0
// Channels taken apart and put in another order.
#pragma once

#include <span>

#include "tenon/backends/reference/arrangement.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// x -> its channels in parts, one after the other
template <class T>
void split(std::span<const operand> operands, std::span<const operand> results) {
  std::int32_t first = 0;
  for (const operand& part : results) {
    copy_channels<T>(operands[0], first, part, 0, part.extents.channels());
    first += part.extents.channels();
  }
}

/// x -> y; channel g * (C / groups) + i becomes channel i * groups + g
template <class T>
void channel_shuffle(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const std::int32_t groups = attribute.groups, members = operands[0].extents.channels() / groups;
  for (std::int32_t g = 0; g < groups; ++g)
    for (std::int32_t i = 0; i < members; ++i)
      copy_channels<T>(operands[0], g * members + i, results[0], i * groups + g, 1);
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
