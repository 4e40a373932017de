// SPDX-License-Identifier: Apache-2.0
// Which source coordinate a resized coordinate falls on, to PyTorch's last bit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/core/compiler.hpp"
#include "tenon/core/language.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {

// `Real` is the element type: PyTorch computes coordinates in it, float for float32.

/// The product rounded once. A double holds that of two floats exactly, so that no compiler can fuse it with what
/// follows.
template <class Real>
constexpr Real rounded_product(Real a, Real b) {
  return static_cast<Real>(static_cast<double>(a) * static_cast<double>(b));
}

/// Nearest: floor(position * from / to), its factor rounded as PyTorch's.
template <class Real = float>
constexpr std::int64_t nearest_source(std::int64_t position, std::int64_t from, std::int64_t to) {
  const Real factor = static_cast<Real>(from) / static_cast<Real>(to);
  return std::min(static_cast<std::int64_t>(rounded_product(static_cast<Real>(position), factor)), from - 1);
}

/// Linear with half-pixel centres, from 0 on: (position + 1/2) * from / to - 1/2 (PyTorch's align_corners=False).
template <class Real = float>
constexpr Real half_pixel_source(std::int64_t position, std::int64_t from, std::int64_t to) {
  const Real factor = static_cast<Real>(from) / static_cast<Real>(to), half = static_cast<Real>(0.5);
  return std::max(rounded_product(factor, static_cast<Real>(position) + half) - half, Real{0});
}

/// Linear with ends on ends: position * (from - 1) / (to - 1) (PyTorch's align_corners=True).
template <class Real = float>
constexpr Real aligned_source(std::int64_t position, std::int64_t from, std::int64_t to) {
  if (to <= 1) return Real{0};
  return rounded_product(static_cast<Real>(from - 1) / static_cast<Real>(to - 1), static_cast<Real>(position));
}

}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
