// SPDX-License-Identifier: Apache-2.0
// The extents of a tensor: (N, C, H, W), (N, C, D, H, W), or those of a parameter.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// The extents of a tensor, outermost first. Activations are (N, C, H, W) or (N, C, D, H, W), labels (N, H, W) or
/// (N, D, H, W), parameters whatever their layer says, a scalar has rank 0.
struct shape {
  std::int32_t rank = 0;
  std::int32_t extents[5]{};  // no std::array, whose operator costs three calls while compiling

  constexpr shape() = default;

  template <class... Extents>
  requires(sizeof...(Extents) >= 1 && sizeof...(Extents) <= 5) constexpr explicit shape(Extents... values)
      : rank(sizeof...(Extents)), extents{narrow(values)...} {}

  constexpr std::int32_t operator[](int i) const { return extents[i]; }
  constexpr std::int32_t& operator[](int i) { return extents[i]; }

  /// The number of values: the product of the extents, 1 for a scalar.
  constexpr std::int64_t elements() const {
    std::int64_t product = 1;
    for (int i = 0; i < rank; ++i) product *= extents[i];
    return product;
  }

  // The names below are for activations, (N, C, [D,] H, W).
  constexpr std::int32_t batch() const { return extents[0]; }
  constexpr std::int32_t channels() const { return extents[1]; }
  constexpr int spatial_rank() const { return rank - 2; }
  /// Extent along depth (0), height (1) or width (2); a 2-D tensor has depth 1.
  constexpr std::int32_t spatial(int dimension) const {
    const int position = rank - 3 + dimension;
    return position < 2 ? 1 : extents[position];
  }
  /// Sets the extent along depth, height or width; the depth of a 2-D tensor stays 1.
  constexpr void set_spatial(int dimension, std::int32_t extent) {
    const int position = rank - 3 + dimension;
    if (position >= 2) extents[position] = extent;
  }
  constexpr std::int64_t spatial_elements() const {
    return static_cast<std::int64_t>(spatial(0)) * spatial(1) * spatial(2);
  }

  friend constexpr bool operator==(const shape&, const shape&) = default;

  /// The greatest extent that a network can have.
  static constexpr std::int32_t most_extent = 0x7ffffffe;
  /// What 32 bits do not hold becomes the greatest or least number that they do, which no network can have.
  static constexpr std::int32_t clamp(std::int64_t extent) {
    constexpr std::int64_t most = 0x7fffffff;
    return static_cast<std::int32_t>(extent > most ? most : extent < -most ? -most : extent);
  }

 private:
  static constexpr std::int32_t narrow(std::int32_t extent) { return extent; }
  template <class Extent>
  static constexpr std::int32_t narrow(Extent extent) {
    return clamp(static_cast<std::int64_t>(extent));
  }
};

}  // namespace v0
}  // namespace tenon
