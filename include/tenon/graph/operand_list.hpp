// SPDX-License-Identifier: Apache-2.0
// The operands of a node that is being made, given by their roles.
#pragma once

#include <cstdint>

#include "tenon/core/array_view.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {

/// Puts each operand where the table of operations has its role.
///
///     operand_list operands(operation::prelu_gradient, attribute);
///     operands.set(role::slope, slope).set(role::activation, x).set(role::output_gradient, dy);
///     graph.make(operation::prelu_gradient, operands.view(), attribute, extents);   // x, dy, slope
///
/// requires: every operand is set
class operand_list {
 public:
  constexpr operand_list(operation op, const attributes& of) {
    const slot* const slots = traits_of(op).operands;
    for (int i = 0; i < operation_traits::most_operands && slots[i].is != role::none; ++i) {
      const presence when = slots[i].when;
      if (when > presence::repeated && !has(of, when)) continue;
      roles_[known_++] = slots[i].is;
      if (when != presence::repeated) count_ = known_;
    }
  }

  /// requires: nodes of the operation and the attributes have such an operand. Of a repeated one `part` is its number.
  constexpr operand_list& set(role is, std::int32_t number, std::int32_t part = 0) {
    std::int32_t i = 0;
    while (i < known_ && roles_[i] != is) ++i;
    i += part;
    numbers_[i] = number;
    if (i >= count_) count_ = i + 1;
    return *this;
  }

  constexpr array_view<std::int32_t> view() const { return {numbers_, static_cast<std::size_t>(count_)}; }

 private:
  role roles_[operation_traits::most_operands]{};  // of those that such a node has
  std::int32_t numbers_[operation_traits::most_operands]{};
  std::int32_t known_ = 0, count_ = 0;
};

}  // namespace v0
}  // namespace tenon
