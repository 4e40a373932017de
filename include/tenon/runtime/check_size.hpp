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
#include "tenon/graph/graph.hpp"
#include "tenon/graph/limits.hpp"
#include "tenon/runtime/memory_limit.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

/// The greatest extent of an input: layers that enlarge it a hundredfold still count in 32 bits.
inline constexpr std::int32_t greatest_extent = 1 << 24;

/// "360", or "2147483647 or more" for what a shape does not hold.
inline std::string text_of_extent(std::int32_t extent) {
  const char* const beyond = extent > shape::most_extent ? " or more" : extent < -shape::most_extent ? " or less" : "";
  return joined({std::to_string(extent), beyond});
}

/// "1 x 3 x 360 x 480"
inline std::string text_of_shape(const shape& extents) {
  std::string text;
  for (int i = 0; i < extents.rank; ++i) text = joined({text, i == 0 ? "" : " x ", text_of_extent(extents[i])});
  return text;
}

/// "1 x 3 x 360 x 480 and 1 x 4 x 180 x 240"
inline std::string text_of_shapes(std::span<const shape> list) {
  std::string text;
  for (const shape& each : list) text += (text.empty() ? "" : " and ") + text_of_shape(each);
  return text;
}

/// Throws allocation_error if `bytes` for `what` exceed the limit.
inline void check_memory(std::int64_t bytes, const std::string& what, const memory_limit& limit) {
  if (bytes <= limit.bytes) return;
  const std::string expected = "at most " + std::to_string(limit.bytes) + " bytes (" + limit.source + ")";
  const bool counted = bytes != std::numeric_limits<std::int64_t>::max();
  const std::string found = (counted ? "" : "more than ") + std::to_string(bytes) + " bytes";
  throw allocation_error(what + " needs " + found + ", there are " + expected, what, expected, found);
}

[[noreturn]] inline void refuse_input(const std::string& thing, const std::string& sizes, const std::string& expected,
                                      const std::string& found) {
  throw shape_error(joined({thing, " of ", sizes, ": expected are ", expected, ", found ", found}), thing, expected,
                    found);
}

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
inline void check_input_size(const shape& extents, std::int32_t index, const memory_limit& limit) {
  const std::string thing = "input " + std::to_string(index), sizes = text_of_shape(extents);
  const auto refuse = [&](const std::string& expected, std::int32_t found) {
    refuse_input(thing, sizes, expected, text_of_extent(found));
  };
  if (extents.rank != 4 && extents.rank != 5) refuse("the 4 extents of images or the 5 of volumes", extents.rank);
  for (int i = 0; i < extents.rank; ++i) {
    if (extents[i] < 1) refuse("extents of at least 1", extents[i]);
  }
  check_memory(float_bytes(extents), thing + " of " + sizes, limit);
  for (int i = 0; i < extents.rank; ++i) {
    if (extents[i] > greatest_extent) refuse("extents of at most " + std::to_string(greatest_extent), extents[i]);
  }
}

/// The hints of a graph's problem: " (the 4th of 5 calls, first from 2, other from 3)", or nothing.
inline std::string text_of_hints(const graph_view& lowered) {
  std::string text;
  std::int32_t begin = lowered.problem.hints_begin;
  for (const std::int32_t length : lowered.problem.hint_lengths) {
    if (length == 0) break;
    text += (text.empty() ? " (" : ", ") + std::string(lowered.text({begin, length}));
    begin += length;
  }
  return text.empty() ? text : text + ")";
}

/// Throws shape_error for a problem of the network, and allocation_error for values that are too large to be counted
/// with.
inline void check_network(const graph_view& lowered, std::span<const shape> inputs) {
  const std::string sizes = text_of_shapes(inputs);
  if (const diagnostic& found = lowered.problem) {
    const std::string scope(lowered.text({found.scope_begin, found.scope_count}));
    if (found.kind == problem::too_many_bytes) {
      check_memory(found.found, "the network for an input of " + sizes + ", up to \"" + scope + "\",",
                   {found.expected, "the most that can be counted with"});
    }
    const std::string first = std::to_string(found.expected), second = std::to_string(found.found);
    const std::string of = found.of == operation::input ? "" : " (" + std::string(name_of(found.of)) + ")";
    throw shape_error("the network is wrong for an input of " + sizes + ": in \"" + scope + "\"" +
                          text_of_hints(lowered) + " " + std::string(sentence_of(found.kind)) + of + ", " + first +
                          " and " + second,
                      scope, first, second);
  }
}

}  // namespace v0
}  // namespace tenon
