// SPDX-License-Identifier: Apache-2.0
// What the reference backend can do, as the passes ask: everything plainly, nothing fused.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

struct capabilities {
  static constexpr std::string_view name = "reference";

  /// Whether a convolution takes the batch norm after it as operands.
  static constexpr bool folds_norm = false;
  /// Whether an operation applies the activation after it.
  static constexpr bool fuses_activation(operation) { return false; }

  static constexpr layout operand_layout(const graph_view&, const node&, int) { return layout::plain; }
  static constexpr layout result_layout(const graph_view&, const node&, int) { return layout::plain; }

  /// Bytes of a node's weights in the layout its kernel reads: none, they are read where they are.
  static constexpr std::int64_t packed_bytes(const graph_view&, const node&) { return 0; }
  /// Bytes of scratch memory in the arena for a node alone.
  static constexpr std::int64_t workspace_bytes(const graph_view&, const node&) { return 0; }

  /// Whether a node's result 0 may lie where its given operand lies.
  static constexpr bool in_place(const graph_view&, const node& of, int operand) {
    switch (of.op) {
      case operation::relu:
      case operation::batch_norm:
      case operation::batch_norm_training:
        return operand == 0;
      case operation::relu_gradient:
      case operation::add:
      case operation::mean_square_gradient:
      case operation::batch_norm_gradient:
      case operation::batch_norm_frozen_gradient:
        return operand == 0 || operand == 1;
      default:
        return false;
    }
  }
};

}  // namespace reference
}  // namespace v0
}  // namespace tenon
