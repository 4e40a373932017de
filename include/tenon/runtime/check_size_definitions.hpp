// SPDX-License-Identifier: Apache-2.0
// What check_size.hpp declares.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "tenon/core/error.hpp"
#include "tenon/graph/limits.hpp"
#include "tenon/runtime/check_size.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE std::string text_of_extent(std::int32_t extent) {
  const char* const beyond = extent > shape::most_extent ? " or more" : extent < -shape::most_extent ? " or less" : "";
  return joined({std::to_string(extent), beyond});
}

TENON_INLINE std::string text_of_shape(const shape& extents) {
  std::string text;
  for (int i = 0; i < extents.rank; ++i) text = joined({text, i == 0 ? "" : " x ", text_of_extent(extents[i])});
  return text;
}

TENON_INLINE std::string text_of_shapes(std::span<const shape> list) {
  std::string text;
  for (const shape& each : list) text += (text.empty() ? "" : " and ") + text_of_shape(each);
  return text;
}

TENON_INLINE void check_memory(std::int64_t bytes, const std::string& what, const memory_limit& limit) {
  if (bytes <= limit.bytes) return;
  const std::string expected = "at most " + std::to_string(limit.bytes) + " bytes (" + limit.source + ")";
  const bool counted = bytes != std::numeric_limits<std::int64_t>::max();
  const std::string found = (counted ? "" : "more than ") + std::to_string(bytes) + " bytes";
  throw allocation_error(what + " needs " + found + ", there are " + expected, what, expected, found);
}

TENON_INLINE void check_budget(std::int64_t arena_bytes, std::int64_t memory_budget) {
  if (memory_budget == 0 || arena_bytes <= memory_budget) return;
  const std::string expected = "at most " + std::to_string(memory_budget) + " bytes (memory_budget)";
  const std::string found = std::to_string(arena_bytes) + " bytes";
  throw allocation_error(
      "the least arena that was found for a training step takes " + found + ", expected are " + expected,
      "memory_budget", expected, found);
}

TENON_INLINE void refuse_input(const std::string& thing, const std::string& sizes, const std::string& expected,
                               const std::string& found) {
  throw shape_error(joined({thing, " of ", sizes, ": expected are ", expected, ", found ", found}), thing, expected,
                    found);
}

TENON_INLINE void check_input_size(const shape& extents, std::int32_t index, const memory_limit& limit) {
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

TENON_INLINE std::string text_of_hints(const graph_view& lowered) {
  std::string text;
  std::int32_t begin = lowered.problem.hints_begin;
  for (const std::int32_t length : lowered.problem.hint_lengths) {
    if (length == 0) break;
    text += (text.empty() ? " (" : ", ") + std::string(lowered.text({begin, length}));
    begin += length;
  }
  return text.empty() ? text : text + ")";
}

TENON_INLINE void check_network(const graph_view& lowered, std::span<const shape> inputs) {
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
