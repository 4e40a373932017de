// SPDX-License-Identifier: Apache-2.0
// A tensor as kernels get it: a pointer with extents and layout; and the memory a program runs in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// A node's operand or result at run time.
struct operand {
  std::byte* data = nullptr;
  shape extents;
  element_type type = element_type::float32;
  layout arrangement = layout::contiguous;

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
  /// The elements it takes, padding channels included.
  std::int64_t stored_elements(std::int32_t block) const { return tenon::stored_elements(extents, arrangement, block); }
};

/// The operand of a role that stands in one place, alike in the nodes of the operations that a kernel is for; by the
/// table of operations, as a constant.
template <role Role, operation Op, operation... Others>
const operand& operand_at(std::span<const operand> operands) {
  static_assert(((fixed_operand<Others, Role> == fixed_operand<Op, Role>)&&...), "the operations differ in it");
  return operands[static_cast<std::size_t>(fixed_operand<Op, Role>)];
}
/// The same of a result.
template <role Role, operation Op, operation... Others>
const operand& result_at(std::span<const operand> results) {
  static_assert(((fixed_result<Others, Role> == fixed_result<Op, Role>)&&...), "the operations differ in it");
  return results[static_cast<std::size_t>(fixed_result<Op, Role>)];
}

/// The first operand of a role, by the table of operations, or nullptr where a node of these attributes has none.
inline const operand* find_operand(operation op, const attributes& attribute, const operand* operands, role wanted) {
  const std::int32_t i = operand_index(op, attribute, wanted);
  return i < 0 ? nullptr : operands + i;
}
/// The elements of that operand, or nullptr; of a repeated one there may be none, so `count` says how many operands
/// there are in all.
template <class T>
T* data_of(operation op, const attributes& attribute, const operand* operands, role wanted,
           std::size_t count = static_cast<std::size_t>(-1)) {
  const std::int32_t i = operand_index(op, attribute, wanted);
  return i < 0 || static_cast<std::size_t>(i) >= count ? nullptr : operands[i].as<T>();
}

/// The memory a program runs in: the start of each space, of the packed weights and of the backend's scratchpad.
struct memory {
  std::array<std::byte*, memory_space_count> base{};
  std::byte* packed = nullptr;
  std::byte* scratchpad = nullptr;

  std::byte*& operator[](memory_space space) { return base[static_cast<std::size_t>(space)]; }
  std::byte* operator[](memory_space space) const { return base[static_cast<std::size_t>(space)]; }
};

/// The arena that one program lends to another that never runs at the same time: where it begins, as the backend
/// addresses it (the host may be unable to read it), and its bytes. Empty: none is lent.
struct lent_arena {
  std::byte* begin = nullptr;
  std::int64_t bytes = 0;
};

/// A value at run time; `scale` is 2 where elements of 4 bytes are stored as 8, as in a program of double.
inline operand operand_of(const plan_view& plan, std::int32_t number, const memory& memory, int scale = 1) {
  const value& described = plan.graph.value_at(number);
  const placement& place = plan.placements[static_cast<std::size_t>(number)];
  std::byte* base = memory[place.space];
  return {base == nullptr ? nullptr : base + place.offset * scale, described.extents, described.type,
          described.arrangement};
}

}  // namespace v0
}  // namespace tenon
