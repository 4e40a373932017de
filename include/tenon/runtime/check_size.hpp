// SPDX-License-Identifier: Apache-2.0
// The checks of a size that is known only at run time, as exceptions: shapes, networks, memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "tenon/core/error.hpp"
#include "tenon/core/separate.hpp"
#include "tenon/graph/graph.hpp"
#include "tenon/graph/limits.hpp"
#include "tenon/runtime/memory_limit.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

/// The greatest extent of an input: layers that enlarge it a hundredfold still count in 32 bits.
inline constexpr std::int32_t greatest_extent = 1 << 24;

/// "360", or "2147483647 or more" for what a shape does not hold.
std::string text_of_extent(std::int32_t extent);

/// "1 x 3 x 360 x 480"
std::string text_of_shape(const shape& extents);

/// "1 x 3 x 360 x 480 and 1 x 4 x 180 x 240"
std::string text_of_shapes(std::span<const shape> list);

/// Throws allocation_error if `bytes` for `what` exceed the limit.
void check_memory(std::int64_t bytes, const std::string& what, const memory_limit& limit);

/// Throws allocation_error where the arena of a training step exceeds its memory_budget; 0: there is none.
void check_budget(std::int64_t arena_bytes, std::int64_t memory_budget);

[[noreturn]] void refuse_input(const std::string& thing, const std::string& sizes, const std::string& expected,
                               const std::string& found);

/// A tensor's extents as a shape. Throws shape_error for such as it does not hold.
template <std::size_t Rank>
requires(Rank >= 1 && Rank <= 5) shape shape_of_extents(const std::array<std::int64_t, Rank>& given) {
  shape result;
  result.rank = static_cast<std::int32_t>(Rank);
  for (std::size_t i = 0; i < Rank; ++i) {
    result.extents[i] = shape::clamp(given[i]);
    if (result.extents[i] == given[i]) continue;
    refuse_input("input 0", extents_to_text(given, Rank),
                 "extents of at least 1 and at most " + std::to_string(greatest_extent), std::to_string(given[i]));
  }
  return result;
}

/// Throws shape_error unless a shape is (N, C, H, W) or (N, C, D, H, W) and can be counted with, allocation_error if
/// the input alone exceeds the limit.
void check_input_size(const shape& extents, std::int32_t index, const memory_limit& limit);

/// The hints of a graph's problem: " (the 4th of 5 calls, first from 2, other from 3)", or nothing.
std::string text_of_hints(const graph_view& lowered);

/// Throws shape_error for a problem of the network, and allocation_error for values that are too large to be counted
/// with.
void check_network(const graph_view& lowered, std::span<const shape> inputs);

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/check_size_definitions.hpp"
#endif
