// SPDX-License-Identifier: Apache-2.0
// The parts of a network and the scopes within them, and which node lies in which.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "tenon/plan/plan_view.hpp"
#include "tenon/report/memory_figures.hpp"
#include "tenon/report/report_parts.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

struct part_list {
  std::vector<part_figures> parts, scopes;      ///< their names, in order of first use
  std::vector<std::int32_t> part_of, scope_of;  ///< of each node
};

/// Lists the parts that a finder finds; of more than nine of the network's own those whose tensors take little are one,
/// "other parts".
/// Scopes are the first two components of a layer's name, or the operation's where it has none.
inline part_list list_parts(const plan_view& plan, const part_finder& finder) {
  static constexpr int most = 9;
  const auto at = [](std::int32_t number) { return static_cast<std::size_t>(number); };
  part_list made;
  std::vector<std::string> names;
  std::vector<std::int64_t> bytes;
  for (const node& current : plan.graph.nodes) {
    const std::string name = finder.of(current);
    const auto found = static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (found == names.size()) {
      names.push_back(name);
      bytes.push_back(0);
    }
    for (std::int32_t r = 0; r < current.results.count; ++r)
      bytes[found] += plan.placements[at(current.results[r])].bytes;
    made.part_of.push_back(static_cast<std::int32_t>(found));
  }
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return bytes[a] > bytes[b]; });
  const auto own = [&](std::size_t part) { return !part_finder::is_besides(names[part]); };
  if (std::count_if(order.begin(), order.end(), own) > most) {
    int count = 0;
    std::erase_if(order, [&](std::size_t part) { return own(part) && ++count >= most; });
  }
  std::sort(order.begin(), order.end());
  std::vector<std::int32_t> renumbered(names.size(), -1);
  for (const std::size_t each : order) {
    renumbered[each] = static_cast<std::int32_t>(made.parts.size());
    made.parts.push_back({names[each], renumbered[each]});
  }
  const auto others = static_cast<std::int32_t>(made.parts.size());
  if (order.size() < names.size()) made.parts.push_back({"other parts", others});
  std::map<std::pair<std::int32_t, std::string>, std::int32_t> scopes;
  for (std::size_t i = 0; i < plan.graph.nodes.size(); ++i) {
    std::int32_t& part = made.part_of[i];
    part = renumbered[at(part)] < 0 ? others : renumbered[at(part)];
    std::string scope(first_components(finder.layer_of(plan.graph.nodes[i]), 2));
    if (scope.empty()) scope = name_of(plan.graph.nodes[i].op);
    const auto [place, is_new] = scopes.try_emplace({part, scope}, static_cast<std::int32_t>(made.scopes.size()));
    if (is_new) made.scopes.push_back({scope, part});
    made.scope_of.push_back(place->second);
  }
  return made;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
