// SPDX-License-Identifier: Apache-2.0
// Layers, chains, names and repetition: how descriptions are put together.
#pragma once

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tenon/core/text.hpp"
#include "tenon/graph/builder.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// The base of everything that can be called on symbolic values and chained by >>. A `Part` has
/// - `body(x...)`: appends itself to the graph, inside a scope that was entered for it;
/// - `member(position, x...)`: calls the body in the scope of that position of the present one;
/// - `positions`: how many positions of a scope it takes.
struct part_base {};

/// Anything that can stand in a chain: a layer, a chain, something named, or a lambda without captures.
template <class Part>
concept our_part = std::is_base_of_v<part_base, Part>;

/// Calls a lambda or a part in a scope that was entered for it.
template <class Part, class... Symbols>
constexpr auto call_body(const Part& part, Symbols... x) {
  if constexpr (our_part<Part>) {
    return part.body(x...);
  } else {
    return part(x...);
  }
}

template <class Lambda, class... Symbols>
constexpr auto in_scope(const Lambda& lambda, std::int32_t position, symbol x, Symbols... more) {
  x.to->enter(position);
  auto result = lambda(x, more...);
  x.to->leave();
  return result;
}

/// Calls a part as the member of a scope that stands at `position`.
template <class Part, class... Symbols>
constexpr auto call_member(const Part& part, std::int32_t position, Symbols... x) {
  if constexpr (our_part<Part>) {
    return part.member(position, x...);
  } else {
    return in_scope(part, position, x...);
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

/// What a layer derives from: `struct relu : layer<relu> { constexpr symbol body(symbol x) const; };`
template <class Derived>
struct layer : part_base {
  static constexpr std::int32_t positions = 1;

  /// Unnamed calls take the next number of the scope they stand in.
  template <class... Symbols>
  constexpr auto operator()(symbol x, Symbols... more) const {
    return member(x.to->next_position(), x, more...);
  }

  template <class... Symbols>
  constexpr auto member(std::int32_t position, symbol x, Symbols... more) const {
    builder& to = *x.to;
    to.enter(position);
    auto result = static_cast<const Derived&>(*this).body(x, more...);
    to.leave();
    return result;
  }
};

/// Parts one after the other, each called on what the one before gave. Made by >> or `chain`, which flatten.
template <class... Parts>
struct chain_of : layer<chain_of<Parts...>> {
  std::tuple<Parts...> parts;

  constexpr chain_of() = default;
  constexpr explicit chain_of(const std::tuple<Parts...>& given) : parts(given) {}

  constexpr auto body(auto... x) const {
    return std::apply(
        [&](const auto& first, const auto&... rest) {
          auto value = call_member(first, 0, x...);
          const running<decltype(value)> start{value, positions_of<std::remove_cvref_t<decltype(first)>>()};
          return (start * ... * rest).value;
        },
        parts);
  }

 private:
  // Folds the parts over a value: (((x * first) * second) * ...), each at its position.
  template <class Value>
  struct running {
    Value value;
    std::int32_t position;

    template <class Part>
    constexpr auto operator*(const Part& part) const {
      auto result = call_member(part, position, value);
      return running<decltype(result)>{result, position + positions_of<Part>()};
    }
  };
};

template <class Part>
constexpr auto parts_of(const Part& part) {
  return std::tuple<Part>(part);
}
template <class... Parts>
constexpr auto parts_of(const chain_of<Parts...>& chain) {
  return chain.parts;
}

template <class... Parts>
constexpr chain_of<Parts...> make_chain(const std::tuple<Parts...>& parts) {
  return chain_of<Parts...>(parts);
}

/// Parts one after the other; for what >> cannot join, two bare lambdas.
template <class... Parts>
constexpr auto chain(const Parts&... parts) {
  return make_chain(std::tuple_cat(parts_of(parts)...));
}

/// `first >> second`: calls second on what first gave. Chains flatten, as in torch.nn.Sequential with all members in
/// one row.
template <class First, class Second>
requires(our_part<First> || our_part<Second>) constexpr auto operator>>(const First& first, const Second& second) {
  return chain(first, second);
}

/// A part under a name of its own; see `name`.
template <text Name, class Part>
struct named_part : part_base {
  static constexpr std::int32_t positions = 1;
  static constexpr std::int32_t no_number = -1;
  Part part;
  std::int32_t number = no_number;

  constexpr named_part(const Part& given, std::int32_t index) : part(given), number(index) {}

  template <class... Symbols>
  constexpr auto operator()(symbol x, Symbols... more) const {
    builder& to = *x.to;
    to.enter(Name.view(), number);
    auto result = call_body(part, x, more...);
    to.leave();
    return result;
  }
  template <class... Symbols>
  constexpr auto body(symbol x, Symbols... more) const {
    return (*this)(x, more...);
  }
  template <class... Symbols>
  constexpr auto member(std::int32_t, symbol x, Symbols... more) const {
    return (*this)(x, more...);
  }
};

/// Gives a layer, a chain or a lambda a name: name<"encoder">(conv2d<8>{}) has the parameter "encoder.weight", and
/// name<"encoder">(conv2d<8>{} >> relu{}) has "encoder.0.weight". Problem: name_used_twice.
template <text Name, class Part>
constexpr named_part<Name, Part> name(const Part& part) {
  return {part, named_part<Name, Part>::no_number};
}

/// The same with a number behind the name: name<"block">(layer, 3) is "block.3".
template <text Name, class Part>
constexpr named_part<Name, Part> name(const Part& part, std::int32_t number) {
  return {part, number};
}

/// `Count` copies of a part, one after the other; see `repeat`.
template <int Count, class Part>
struct repeated_part : part_base {
  static_assert(Count >= 1, "a part is repeated at least once");
  static constexpr std::int32_t positions = Count;
  Part part;

  constexpr explicit repeated_part(const Part& given) : part(given) {}

  constexpr symbol operator()(symbol x) const {
    for (int i = 0; i < Count; ++i) x = call_member(part, x.to->next_position(), x);
    return x;
  }
  constexpr symbol member(std::int32_t position, symbol x) const {
    for (int i = 0; i < Count; ++i) x = call_member(part, position + i, x);
    return x;
  }
  constexpr symbol body(symbol x) const { return member(0, x); }
};

/// A part called `Count` times, each with parameters of its own and each at a position of its own.
template <int Count, class Part>
constexpr repeated_part<Count, Part> repeat(const Part& part) {
  return repeated_part<Count, Part>(part);
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
