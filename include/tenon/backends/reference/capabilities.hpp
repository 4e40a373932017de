// SPDX-License-Identifier: Apache-2.0
// What the reference backend can do, as the passes ask: everything plainly, nothing fused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/graph/channel_parts.hpp"
#include "tenon/graph/graph.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {
namespace reference {

struct capabilities {
  static constexpr std::string_view name = "reference";
  /// What each space of a program's memory is aligned to, and the slots of the arena and of packed weights, in bytes.
  static constexpr std::size_t alignment = 64;

  /// Whether a convolution takes the batch norm after it as operands.
  static constexpr bool folds_norm = false;
  /// Whether an operation applies the activation after it.
  static constexpr bool fuses_activation(operation, activation) { return false; }

  /// Whether a node may add another value to its result.
  static constexpr bool fuses_sum(const graph_view&, const node&) { return false; }

  /// Whether a cross entropy resizes the logits that it reads.
  static constexpr bool fuses_resize = true;

  /// What may be contiguous where others are blocked: here all are contiguous.
  static constexpr std::int32_t most_contiguous_channels = 0;
  static constexpr bool writes_contiguous(const graph_view&, const node&) { return false; }
  static constexpr bool works_contiguous(const graph_view&, const node&, const char*) { return true; }

  static constexpr layout operand_layout(const graph_view&, const node&, int) { return layout::contiguous; }
  static constexpr layout result_layout(const graph_view&, const node&, int) { return layout::contiguous; }

  static constexpr bool has_alternatives(operation) { return false; }
  /// What computes a node: a loop that reads weights where they are, and needs no scratch memory.
  static constexpr selection select(const graph_view&, const node&) { return {}; }
  static constexpr std::string_view name_of(const selection&) { return "reference"; }
  /// Whether two nodes read the same packed weights: there are none.
  static constexpr bool packs_alike(const graph_view&, const node&, const node&) { return false; }

  /// Whether a part of the whole (an operand of a concat, a result of a split or of a concat's gradient) may lie in the
  /// whole's memory: in one image all channels lie side by side.
  static constexpr bool joins_in_place(const graph_view& graph, const node& of, int) {
    return graph.value_at(channel_whole(graph, of)).extents.batch() == 1;
  }

  /// Whether a node's result 0 may lie where its given operand lies.
  static constexpr bool in_place(const graph_view&, const node& of, int operand) {
    // A convolution adds its residual when all sums are made; the gradients of a cross entropy are cleared first, and
    // then the logits of the pixels that count are read.
    return of.op != operation::convolution && of.op != operation::cross_entropy_gradient && may_overwrite(of, operand);
  }
};

}  // namespace reference
}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
