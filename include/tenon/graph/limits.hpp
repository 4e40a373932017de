// SPDX-License-Identifier: Apache-2.0
// How large a network may be, so that 64 bits count all that is counted of it.
#pragma once

#include <cstdint>
#include <limits>

#include "tenon/graph/growing_graph.hpp"

namespace tenon {
inline namespace v0 {

/// The most bytes of all values and parameters of a description together, each a contiguous float tensor: 16 TiB.
/// Blocked, with gradients and scratch memory, they stay far within 64 bits.
inline constexpr std::int64_t most_bytes = std::int64_t{1} << 44;
/// The most multiply-accumulates of a description; training takes three times as many.
inline constexpr std::int64_t most_macs = std::int64_t{1} << 60;

/// The product of two numbers that are not negative; the greatest number where 64 bits do not hold it.
constexpr std::int64_t saturated_product(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

/// The sum of two numbers that are not negative; the greatest number where 64 bits do not hold it.
constexpr std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

/// The bytes of a float tensor; the greatest number where 64 bits do not hold it.
constexpr std::int64_t float_bytes(const shape& extents) {
  std::int64_t bytes = 4;
  for (int i = 0; i < extents.rank; ++i) bytes = saturated_product(bytes, extents[i]);
  return bytes;
}

/// Reports the first value of a lowered description with which it becomes larger than can be counted. Problems:
/// extent_too_great, too_many_bytes, too_many_macs.
constexpr void check_limits(growing_graph& graph) {
  if (graph.problem) return;
  const graph_view view = graph.view();
  std::int64_t bytes = 0, macs = 0;
  for (const node& current : view.nodes) {
    const std::int32_t behind = current.results.begin + current.results.count;
    for (std::int32_t i = current.results.begin; i < behind; ++i) {
      const shape& extents = view.values.first[i].extents;
      for (int d = 0; d < extents.rank; ++d) {
        if (extents.extents[d] <= shape::most_extent) continue;
        return graph.report(problem::extent_too_great, current.scope, shape::most_extent, extents[d]);
      }
      bytes = extents.rank == 1 ? saturated_sum(bytes, 4 * std::int64_t{extents.extents[0]})
                                : saturated_sum(bytes, float_bytes(extents));
      if (bytes > most_bytes) return graph.report(problem::too_many_bytes, current.scope, most_bytes, bytes);
    }
    if (is_source(current.op)) continue;
    const bool slides = current.op == operation::convolution, spreads = current.op == operation::transposed_convolution;
    if (!slides && !spreads) continue;
    const shape& windows = slides ? view.result_value(current).extents : view.operand_value(current, 0).extents;
    const shape& weights = view.operand_value(current, role::weight).extents;
    macs = saturated_sum(macs, saturated_product(windows.elements(), weights.elements() / weights[0]));
    if (macs > most_macs) return graph.report(problem::too_many_macs, current.scope, most_macs, macs);
  }
}

}  // namespace v0
}  // namespace tenon
