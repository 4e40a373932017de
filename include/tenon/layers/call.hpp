// SPDX-License-Identifier: Apache-2.0
// How parts are called on symbolic values: in their scopes, and asking the values' rules for a replacement first.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <type_traits>

#include "tenon/graph/builder.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// The base of everything that can be called on symbolic values and chained by >>. A `Part` has
/// - `body(x...)`: appends itself to the graph, inside a scope that was entered for it;
/// - `member(position, x...)`: calls the body in the scope of that position of the present one;
/// - `positions`: how many positions of a scope it takes.
struct part_base {};

/// The base of the parts that a rewrite may replace: layers and chains.
struct layer_base : part_base {};

/// Anything that can stand in a chain: a layer, a chain, something named, or a lambda without captures.
template <class Part>
concept our_part = std::is_base_of_v<part_base, Part>;

/// Whether values of this type carry rules.
template <class Symbol>
inline constexpr bool is_ruled = !std::is_same_v<typename Symbol::rules, no_rules>;

template <symbolic To, class Value>
constexpr auto with_rules_of(const Value& value);

template <symbolic To, class Value, std::size_t Count>
constexpr auto with_rules_of(const std::array<Value, Count>& values) {
  std::array<To, Count> result{};
  for (std::size_t i = 0; i < Count; ++i) result[i] = with_rules_of<To>(values[i]);
  return result;
}

/// What a part gave, with the rules of `To`: a symbolic value, or a tuple, pair or array of them.
template <symbolic To, class Value>
constexpr auto with_rules_of(const Value& value) {
  if constexpr (symbolic<Value>) {
    return To{value.to, value.number};
  } else {
    static_assert(
        requires { std::tuple_size<Value>::value; },
        "what is rewritten gives symbolic values, or a std::tuple or std::array of them");
    return std::apply([](const auto&... each) { return std::make_tuple(with_rules_of<To>(each)...); }, value);
  }
}

/// Calls the body of a lambda or a part that nothing replaces. A body written for `symbol` sees values without rules;
/// its results get them back.
template <class Part, symbolic First, symbolic... More>
constexpr auto call_own_body(const Part& part, First x, More... more) {
  if constexpr (!our_part<Part>) {
    return part(x, more...);
  } else if constexpr (!is_ruled<First>) {
    return part.body(x, more...);
  } else if constexpr (requires { part.body(x, more...); }) {
    return part.body(x, more...);
  } else {
    return with_rules_of<First>(part.body(x.without_rules(), more.without_rules()...));
  }
}

/// Calls a lambda or a part, or what the values' rules put in its place, in a scope that was entered for it.
template <class Part, symbolic First, symbolic... More>
constexpr auto call_body(const Part& part, First x, More... more) {
  if constexpr (is_ruled<First> && !our_part<Part>) {
    static_assert(std::is_invocable_v<const Part&, First, More...>,
                  "a lambda that is rewritten takes its values as `auto`");
  }
  if constexpr (is_ruled<First> && std::is_base_of_v<layer_base, Part>) {
    return First::rules::call(part, x, more...);
  } else {
    return call_own_body(part, x, more...);
  }
}

/// The same in the scope of a position of the present one.
template <class Part, symbolic First, symbolic... More>
constexpr auto in_scope(const Part& part, std::int32_t position, First x, More... more) {
  builder& to = *x.to;
  to.enter(position);
  auto result = call_body(part, x, more...);
  to.leave();
  return result;
}

/// Calls a part as the member of a scope that stands at `position`.
template <class Part, symbolic First, symbolic... More>
constexpr auto call_member(const Part& part, std::int32_t position, First x, More... more) {
  if constexpr (our_part<Part>) {
    return part.member(position, x, more...);
  } else {
    return in_scope(part, position, x, more...);
  }
}

/// Calls a part or a lambda as the next unnamed one of its scope.
template <class Part, symbolic First, symbolic... More>
constexpr auto call_next(const Part& part, First x, More... more) {
  if constexpr (our_part<Part>) {
    return part(x, more...);
  } else {
    return in_scope(part, x.to->next_position(), x, more...);
  }
}

template <class Part>
constexpr std::int32_t positions_of() {
  if constexpr (our_part<Part>) {
    return Part::positions;
  } else {
    return 1;
  }
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
