// SPDX-License-Identifier: Apache-2.0
// Which source coordinate a resized coordinate falls on, to PyTorch's last bit.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tenon {
inline namespace v0 {

/// The product rounded once to float. Doubles hold it exactly, so that no compiler can fuse it with what follows.
constexpr float rounded_product(float a, float b) { return static_cast<float>(static_cast<double>(a) * b); }

/// Nearest: floor(position * from / to), its factor a float as PyTorch's.
constexpr std::int64_t nearest_source(std::int64_t position, std::int64_t from, std::int64_t to) {
  const float factor = static_cast<float>(from) / static_cast<float>(to);
  return std::min(static_cast<std::int64_t>(rounded_product(static_cast<float>(position), factor)), from - 1);
}

/// Linear with half-pixel centres, from 0 on: (position + 1/2) * from / to - 1/2 (PyTorch's align_corners=False).
constexpr float half_pixel_source(std::int64_t position, std::int64_t from, std::int64_t to) {
  const float factor = static_cast<float>(from) / static_cast<float>(to);
  return std::max(rounded_product(factor, static_cast<float>(position) + 0.5f) - 0.5f, 0.0f);
}

/// Linear with ends on ends: position * (from - 1) / (to - 1) (PyTorch's align_corners=True).
constexpr float aligned_source(std::int64_t position, std::int64_t from, std::int64_t to) {
  if (to <= 1) return 0.0f;
  return rounded_product(static_cast<float>(from - 1) / static_cast<float>(to - 1), static_cast<float>(position));
}

}  // namespace v0
}  // namespace tenon
