// SPDX-License-Identifier: Apache-2.0
// fuse_resize: logits are resized a few pixels at a time, while the loss reads them.
#pragma once

#include "tenon/passes/graph_edits.hpp"

namespace tenon {
inline namespace v0 {

/// Lets a cross entropy resize the logits that it reads, where it alone reads them: neither they nor their gradient
/// exist at the labels' extents.
///
///     logits (N, C, h, w) -> resize -> (N, C, H, W), labels (N, H, W) -> cross_entropy
///         => logits (N, C, h, w), labels (N, H, W) -> resized_cross_entropy
///
/// Of two dimensions; where the backend can.
/// requires: nodes in an order in which they can run; before differentiation
/// ensures: the graph computes the same, but for the order of sums
/// cost: nodes
template <class Capabilities>
constexpr void fuse_resize(graph_edits& edits) {
  if (!Capabilities::fuses_resize) return;
  const graph_view& graph = edits.graph();
  for (const std::int32_t i : edits.steps()) {
    const node& loss = graph.nodes.first[i];
    if (loss.op != operation::cross_entropy || edits.vanishes(i)) continue;
    const std::int32_t read = edits.operand(loss, 0), number = edits.producer(read);
    const node& resize = graph.nodes.first[number];
    if (resize.op != operation::resize || edits.uses(read) != 1) continue;
    if (graph.values.first[read].extents.spatial_rank() == 2) edits.take_resize(i, number);
  }
}

}  // namespace v0
}  // namespace tenon
