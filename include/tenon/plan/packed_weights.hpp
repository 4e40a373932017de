// SPDX-License-Identifier: Apache-2.0
// place_packed_weights: where each node reads its weights in the backend's order; those that read the same share them.
#pragma once

#include <cstdint>

#include "tenon/core/list.hpp"
#include "tenon/core/ordering.hpp"
#include "tenon/graph/graph.hpp"
#include "tenon/plan/live_intervals.hpp"

namespace tenon {
inline namespace v0 {

/// The places of packed weights, behind each other.
struct packed_places {
  list<std::int64_t> offsets;  ///< one a node, or -1
  std::int64_t bytes = 0;      ///< of all
};

/// Gives packed weights their places: one for all nodes that read the same weights in the same order, as the calls of a
/// shared convolution do.
///
///     conv(x, w)  conv(y, w)  data_gradient(dy, w)      node  0  1  2
///     packed: w forward | w backward                    at    0  0  w forward's bytes
///
/// cost: nodes; of a weight that is read in several orders, readers times orders
template <class Capabilities>
constexpr packed_places place_packed_weights(const graph_view& graph) {
  packed_places found;
  found.offsets.assign(graph.nodes.size(), -1);
  // The places of one weight are chained, the last one first: of each the node that it was made for, and the next.
  list<std::int32_t> last_place, made_for, next;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const node& current = graph.nodes.first[i];
    if (current.computed_by.packed_bytes == 0) continue;
    if (last_place.empty()) last_place.assign(graph.values.size(), -1);
    const std::int32_t weights = graph.operand(current, role::weight);
    std::int32_t& last = last_place.first[weights];
    std::int32_t at = last;
    while (at >= 0 && !Capabilities::packs_alike(graph, graph.node_at(made_for.first[at]), current))
      at = next.first[at];
    if (at >= 0) {
      found.offsets.first[i] = found.offsets.first[made_for.first[at]];
      continue;
    }
    found.offsets.first[i] = found.bytes;
    found.bytes += round_up(current.computed_by.packed_bytes, static_cast<std::int64_t>(Capabilities::alignment));
    next.push_back(last);
    last = static_cast<std::int32_t>(made_for.size());
    made_for.push_back(static_cast<std::int32_t>(i));
  }
  return found;
}

}  // namespace v0
}  // namespace tenon
