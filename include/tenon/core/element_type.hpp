// SPDX-License-Identifier: Apache-2.0
// What a tensor's elements are, and how they lie in memory.
#pragma once

#include <cstdint>

#include "tenon/core/shape.hpp"

namespace tenon {
inline namespace v0 {

enum class element_type : std::uint8_t { float32, int32, byte };

constexpr std::int64_t size_of(element_type type) { return type == element_type::byte ? 1 : 4; }

/// How a tensor lies in memory. `contiguous` is row-major in the order of its extents (NCHW). `blocked` is (N, C/b,
/// [D,] H, W, b), channels padded with zeros to whole blocks: b is 16 with AVX-512 and 8 else, and the planned size is
/// that of b = 16, so that one plan serves both.
enum class layout : std::uint8_t { contiguous, blocked };

/// The greatest channel block; sizes of blocked tensors are planned with channels padded to it.
inline constexpr std::int32_t planned_block = 16;

constexpr std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// The elements a tensor takes in the given layout, padding channels included; `block` is that of the blocked one.
constexpr std::int64_t stored_elements(const shape& extents, layout arrangement, std::int32_t block) {
  if (arrangement == layout::contiguous) return extents.elements();
  return extents.batch() * round_up(extents.channels(), block) * extents.spatial_elements();
}

/// The bytes that are planned for a tensor in the given layout.
constexpr std::int64_t bytes_of(const shape& extents, element_type type, layout arrangement) {
  return stored_elements(extents, arrangement, planned_block) * size_of(type);
}

/// Of floats in the order of their extents, as parameters lie.
constexpr std::int64_t bytes_of(const shape& extents) { return extents.elements() * size_of(element_type::float32); }

}  // namespace v0
}  // namespace tenon
