// SPDX-License-Identifier: Apache-2.0
// The printer: a graph as short text, for tests and for whoever wants to see what the passes made.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Characters that grow at their end; works in constant expressions.
class growing_text {
 public:
  constexpr growing_text& operator<<(std::string_view text) {
    characters_.insert(characters_.end(), text.begin(), text.end());
    return *this;
  }
  constexpr growing_text& operator<<(std::int64_t number) {
    if (number < 0) characters_.push_back('-');
    std::uint64_t rest = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    std::uint64_t unit = 1;
    while (rest / unit >= 10) unit *= 10;
    for (; unit > 0; unit /= 10) characters_.push_back(static_cast<char>('0' + rest / unit % 10));
    return *this;
  }
  constexpr std::string_view view() const { return {characters_.data(), characters_.size()}; }

 private:
  std::vector<char> characters_;
};

/// Appends a shape: "1x3x8x8", a scalar as "scalar"; and its layout unless that is contiguous.
constexpr void print(growing_text& to, const value& printed) {
  for (int i = 0; i < printed.extents.rank; ++i) to << (i == 0 ? "" : "x") << printed.extents[i];
  if (printed.extents.rank == 0) to << "scalar";
  if (printed.arrangement == layout::blocked) to << " blocked";
}

/// Appends what an operation's attributes say, in brackets: a folded norm, a residual, its fused
/// activation, a workspace.
constexpr void print_marks(growing_text& to, operation op, const attributes& attribute) {
  std::string_view before = "(";
  const auto mark = [&](bool holds, std::string_view word) {
    if (holds) to << before << word;
    if (holds) before = ", ";
  };
  mark(attribute.folds_norm, "norm");
  mark(attribute.adds, "add");
  mark(attribute.fused != activation::none && op != operation::activation && op != operation::activation_gradient,
       name_of(attribute.fused));
  mark(attribute.has_workspace, "workspace");
  if (before != "(") to << ")";
}

/// A graph as text, one line a node, the last line its outputs. Values are their numbers, activations go by their
/// function's name:
///
///     0 = input : 1x3x8x8
///     1 = parameter stem.weight : 4x3x3x3
///     2 = convolution(relu) 0 1 : 1x4x8x8
///     outputs 2
constexpr growing_text print(const graph_view& graph) {
  growing_text to;
  for (const node& current : graph.nodes) {
    for (std::int32_t r = 0; r < current.results.count; ++r) to << (r == 0 ? "" : ", ") << current.results[r];
    to << (current.results.count > 0 ? " = " : "");
    if (current.op == operation::activation || current.op == operation::activation_gradient) {
      to << name_of(current.attribute.fused) << (current.op == operation::activation ? "" : "_gradient");
    } else {
      to << name_of(current.op);
    }
    print_marks(to, current.op, current.attribute);
    if (current.op == operation::parameter || current.op == operation::buffer) to << " " << graph.text(current.scope);
    for (std::int32_t o = 0; o < current.operands.count; ++o) to << " " << graph.operand(current, o);
    if (current.results.count > 0) {
      to << " : ";
      print(to, graph.result_value(current));
    }
    to << "\n";
  }
  to << "outputs";
  for (const std::int32_t output : graph.outputs) to << " " << output;
  to << "\n";
  return to;
}

}  // namespace v0
}  // namespace tenon
