// SPDX-License-Identifier: Apache-2.0
// Which tensor the bytes of an arena count for, where several hold the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "tenon/report/memory_figures.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Calls `take(tensor, bytes)` for the bytes that each of some tensors holds; what several hold is the oldest one's, so
/// that all of them together are the bytes of the arena that are in use.
/// cost: tensors times their logarithm
template <class Take>
void share_out(const std::vector<reported_tensor>& tensors, const std::vector<std::int32_t>& alive, const Take& take) {
  struct border {
    std::int64_t offset;
    bool opens;
    std::int32_t tensor;
  };
  std::vector<border> borders;
  for (const std::int32_t each : alive) {
    const reported_tensor& tensor = tensors[static_cast<std::size_t>(each)];
    borders.push_back({tensor.offset, true, each});
    borders.push_back({tensor.offset + tensor.bytes, false, each});
  }
  std::sort(borders.begin(), borders.end(), [](const border& a, const border& b) {
    return std::tie(a.offset, a.opens, a.tensor) < std::tie(b.offset, b.opens, b.tensor);
  });
  std::set<std::pair<std::int32_t, std::int32_t>> open;  // by age
  std::int64_t before = 0;
  for (const border& each : borders) {
    if (!open.empty() && each.offset > before) take(open.begin()->second, each.offset - before);
    before = each.offset;
    const std::pair age(tensors[static_cast<std::size_t>(each.tensor)].first, each.tensor);
    if (each.opens) open.insert(age);
    if (!each.opens) open.erase(age);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
