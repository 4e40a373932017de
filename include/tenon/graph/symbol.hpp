// SPDX-License-Identifier: Apache-2.0
// Symbolic values: what descriptions pass on while they are lowered.
#pragma once

#include <cstdint>

#include "tenon/core/shape.hpp"

namespace tenon {
inline namespace v0 {

class builder;

/// What a symbolic value carries in a description that is not being rewritten.
struct no_rules {};

template <class Rules>
struct basic_symbol;

/// A symbolic value as layers see it: without rules.
using symbol = basic_symbol<no_rules>;

/// A symbolic value: what a description takes and gives while it is lowered. Its shape can be asked for. Its type
/// carries the rules by which the description is being rewritten, so that they reach through lambdas.
template <class Rules>
struct basic_symbol {
  using rules = Rules;
  builder* to = nullptr;
  std::int32_t number = 0;

  constexpr const shape& extents() const;
  constexpr std::int32_t channels() const { return extents().channels(); }
  /// The same value without rules.
  constexpr symbol without_rules() const;
};

template <class Rules>
constexpr symbol basic_symbol<Rules>::without_rules() const {
  return {to, number};
}

template <class Type>
inline constexpr bool is_symbol = false;
template <class Rules>
inline constexpr bool is_symbol<basic_symbol<Rules>> = true;

/// A symbolic value, with rules or without. Functions of such values take any, and give the type of their first.
template <class Type>
concept symbolic = is_symbol<Type>;

}  // namespace v0
}  // namespace tenon
