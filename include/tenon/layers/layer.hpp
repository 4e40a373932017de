// SPDX-License-Identifier: Apache-2.0
// Layers, chains, names and repetition: how descriptions are put together.
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tenon/core/text.hpp"
#include "tenon/layers/call.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// What a layer that is made of a value calls, so that the compiler stops at once.
template <class Layer, class Value>
constexpr auto missing_braces() {
  static_assert(!symbolic<Value>, "a layer is made before it is called: write relu{}(x), not relu(x)");
  return 0;
}

/// What a layer derives from: `struct relu : layer<relu> { constexpr symbol body(symbol x) const; };` A body that calls
/// other layers takes `auto`, so that rewrites reach them.
template <class Derived>
struct layer : layer_base {
  static constexpr std::int32_t positions = 1;

  constexpr layer() = default;
  /// `relu(x)` makes a layer of a value; this says what to write.
  template <symbolic Symbol>
  constexpr layer(Symbol, int = missing_braces<Derived, Symbol>());  // NOLINT: implicit, as the base of an aggregate

  /// Unnamed calls take the next number of the scope they stand in.
  template <symbolic First, symbolic... More>
  constexpr auto operator()(First x, More... more) const {
    return member(x.to->next_position(), x, more...);
  }
  /// The parts of a split are several values; this says what to write.
  template <class... Values>
  requires(!(symbolic<Values> && ...)) constexpr auto operator()(const Values&...) const {
    static_assert(!(our_part<Values> || ...), "a layer is called on a value, not on a layer: relu{}(conv2d<8>{}(x))");
    static_assert((symbolic<Values> && ...) || (our_part<Values> || ...),
                  "a layer is called on symbolic values: take tuples apart, auto [a, b] = split<8, 24>(x)");
  }

  template <symbolic First, symbolic... More>
  constexpr auto member(std::int32_t position, First x, More... more) const {
    return in_scope(static_cast<const Derived&>(*this), position, x, more...);
  }
};

/// A value on its way through a chain; a fold over the parts calls them: (((x * first) * second) * ...), each at its
/// position.
template <class Value>
struct running {
  Value value;
  std::int32_t position;

  template <class Part>
  constexpr auto operator*(const Part& part) const {
    if constexpr (symbolic<Value>) {
      auto result = call_member(part, position, value);
      return running<decltype(result)>{result, position + positions_of<Part>()};
    } else {
      static_assert(symbolic<Value>,
                    "a part of a chain gave several values to the next, which takes one: take them apart in a lambda, "
                    "[](auto x) { auto [a, b] = split<8, 24>(x); return concat(b, a); }");
      return *this;
    }
  }
};

/// A part of a chain, by its number. A `std::tuple` of the parts took the compiler three times as long.
template <std::size_t Number, class Part>
struct chain_slot {
  Part part;
};

template <std::size_t Number, class Part>
constexpr const Part& part_at(const chain_slot<Number, Part>& slot) {
  return slot.part;
}

/// Two chains as the parts of one: `part_at` of a number counts through both.
template <std::size_t Front, class First, class Second>
struct two_chains {
  const First& first;
  const Second& second;

  template <std::size_t Number>
  constexpr const auto& part() const {
    if constexpr (Number < Front) {
      return part_at<Number>(first);
    } else {
      return part_at<Number - Front>(second);
    }
  }
};

/// The parts of a chain and their calls; `Rest` are the numbers of all but one.
template <class Rest, class First, class... Parts>
struct chain_parts;
template <std::size_t... Rest, class First, class... Parts>
struct chain_parts<std::index_sequence<Rest...>, First, Parts...> : chain_slot<0, First>,
                                                                    chain_slot<Rest + 1, Parts>... {
  constexpr chain_parts() = default;
  constexpr explicit chain_parts(const First& first, const Parts&... rest)
      : chain_slot<0, First>{first}, chain_slot<Rest + 1, Parts>{rest}... {}
  template <std::size_t Front, class One, class Other>
  constexpr explicit chain_parts(const two_chains<Front, One, Other>& chains)
      : chain_slot<0, First>{chains.template part<0>()},
        chain_slot<Rest + 1, Parts>{chains.template part<Rest + 1>()}... {}

  constexpr auto body(auto... x) const {
    auto value = call_member(chain_slot<0, First>::part, 0, x...);
    return (running<decltype(value)>{value, positions_of<First>()} * ... * chain_slot<Rest + 1, Parts>::part).value;
  }
};

/// Parts one after the other, each called on what the one before gave. Made by >> or `chain`, which flatten.
template <class First, class... Parts>
struct chain_of : layer<chain_of<First, Parts...>>,
                  chain_parts<std::make_index_sequence<sizeof...(Parts)>, First, Parts...> {
  using chain_parts<std::make_index_sequence<sizeof...(Parts)>, First, Parts...>::chain_parts;
};

template <class... First, class... Second>
constexpr auto join_chains(const chain_of<First...>& first, const chain_of<Second...>& second) {
  constexpr std::size_t front = sizeof...(First);
  return chain_of<First..., Second...>(two_chains<front, chain_of<First...>, chain_of<Second...>>{first, second});
}
template <class... First, class Second>
constexpr auto join_chains(const chain_of<First...>& first, const Second& second) {
  constexpr std::size_t front = sizeof...(First);
  return chain_of<First..., Second>(
      two_chains<front, chain_of<First...>, chain_slot<0, Second>>{first, chain_slot<0, Second>{second}});
}
template <class First, class... Second>
constexpr auto join_chains(const First& first, const chain_of<Second...>& second) {
  return chain_of<First, Second...>(
      two_chains<1, chain_slot<0, First>, chain_of<Second...>>{chain_slot<0, First>{first}, second});
}
template <class First, class Second>
constexpr auto join_chains(const First& first, const Second& second) {
  return chain_of<First, Second>(first, second);
}

/// Parts one after the other; for what >> cannot join, two bare lambdas.
template <class First>
constexpr auto chain(const First& first) {
  return chain_of<First>(first);
}
template <class... Parts>
constexpr auto chain(const chain_of<Parts...>& only) {
  return only;
}
template <class First, class Second, class... More>
constexpr auto chain(const First& first, const Second& second, const More&... more) {
  if constexpr (sizeof...(More) == 0) {
    return join_chains(first, second);
  } else {
    return chain(join_chains(first, second), more...);
  }
}

/// `first >> second`: calls second on what first gave. Chains flatten, as in torch.nn.Sequential with all members in
/// one row.
template <class First, class Second>
requires(our_part<First> || our_part<Second>) constexpr auto operator>>(const First& first, const Second& second) {
  static_assert(!symbolic<First> && !symbolic<Second>, "a value is no part of a chain: write (a >> b)(x)");
  return chain(first, second);
}

/// Whether a type is a lambda's, by its name: there is no other way to ask.
template <class Type>
constexpr bool is_lambda() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t type = text.find("Type = ") + 7, gcc = text.find("<lambda(", type);
  return text.substr(type).starts_with("(lambda at ") || (gcc != text.npos && text.find('<', type) == gcc);
}

/// Two bare lambdas belong to no namespace of ours. Where this operator is found all the same, because of a
/// using-directive, it says what to write.
template <class First, class Second>
requires(is_lambda<First>() && is_lambda<Second>()) constexpr auto operator>>(const First&, const Second&) {
  static_assert(our_part<First>, "two bare lambdas are not joined by >>: write chain(first, second)");
}

/// Whether a text can name a part: a word, or several joined by dots as PyTorch's names of modules are. Words are not
/// empty and have no blanks.
constexpr bool is_name(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' && before == '.') return false;
    if ((c >= 0 && c <= ' ') || c == 127) return false;
    before = c;
  }
  return before != '.';
}

/// Stops the compiler if a text is no name. Its type is asked for, not its value: what has this type is then no error
/// itself.
template <text Name>
constexpr auto check_name() {
  static_assert(is_name(Name.view()), "a name is a word without blanks, or several joined by dots: \"encoder.stem\"");
  return 0;
}

/// A part that is called in a scope of a name of its own, which `Derived::enter` enters.
template <class Derived, text Name, class Part>
struct part_with_name : part_base {
  using checked_name = decltype(check_name<Name>());
  static constexpr std::int32_t positions = 1;
  Part part;

  constexpr explicit part_with_name(const Part& given) : part(given) {}

  template <symbolic First, symbolic... More>
  constexpr auto operator()(First x, More... more) const {
    builder& to = *x.to;
    static_cast<const Derived&>(*this).enter(to);
    auto result = call_body(part, x, more...);
    to.leave();
    return result;
  }
  constexpr auto body(auto... x) const { return (*this)(x...); }
  constexpr auto member(std::int32_t, auto... x) const { return (*this)(x...); }
};

/// A part under a name of its own; see `name`.
template <text Name, class Part>
struct named_part : part_with_name<named_part<Name, Part>, Name, Part> {
  using part_with_name<named_part, Name, Part>::part_with_name;

  constexpr void enter(builder& to) const { to.enter(Name.view(), -1); }
};

/// A part under a name and a number; see `name`.
template <text Name, class Part>
struct numbered_part : part_with_name<numbered_part<Name, Part>, Name, Part> {
  std::int32_t number;

  constexpr numbered_part(const Part& given, std::int32_t index)
      : part_with_name<numbered_part, Name, Part>(given), number(index) {}

  constexpr void enter(builder& to) const {
    if (number < 0) to.graph.report(problem::number_is_negative, to.scope(Name.view()), 0, number);
    to.enter(Name.view(), number);
  }
};

/// Gives a layer, a chain or a lambda a name: name<"encoder">(conv2d<8>{}) has the parameter "encoder.weight", and
/// name<"encoder">(conv2d<8>{} >> relu{}) has "encoder.0.weight". A name may have dots, name<"encoder.stem">(...),
/// where PyTorch's modules are nested and ours are not. Problem: name_used_twice. errors: an empty word or a blank in
/// the name does not compile
template <text Name, class Part>
constexpr named_part<Name, Part> name(const Part& part) {
  return named_part<Name, Part>(part);
}

/// The same with a number behind the name: name<"block">(layer, 3) is "block.3". Problems: name_used_twice,
/// number_is_negative.
template <text Name, class Part>
constexpr numbered_part<Name, Part> name(const Part& part, std::int32_t number) {
  return {part, number};
}

/// Whether something is meant as a part: ours, or a lambda.
template <class Type>
concept part_like = our_part<Type> || is_lambda<Type>();

/// A name that stands nowhere, or among the arguments; this says what to write.
template <class... Arguments>
requires(part_like<Arguments> || ...) constexpr auto name(const Arguments&...) {
  static_assert(sizeof...(Arguments) == 0, "a name stands in angle brackets: name<\"encoder\">(part)");
  return part_base();
}

/// `Count` copies of a part, one after the other; see `repeat`.
template <int Count, class Part>
struct repeated_part : part_base {
  static_assert(Count >= 1, "a part is repeated at least once");
  static constexpr std::int32_t positions = Count * positions_of<Part>();
  Part part;

  constexpr explicit repeated_part(const Part& given) : part(given) {}

  template <symbolic Symbol>
  constexpr Symbol operator()(Symbol x) const {
    return member(x.to->next_positions(positions), x);
  }
  template <symbolic Symbol>
  constexpr Symbol member(std::int32_t position, Symbol x) const {
    using Result = decltype(call_member(part, position, x));
    static_assert(symbolic<Result>, "a part that is repeated gives one value, which the next copy takes");
    if constexpr (symbolic<Result>) {
      for (int i = 0; i < Count; ++i) x = call_member(part, position + i * positions_of<Part>(), x);
    }
    return x;
  }
  constexpr auto body(symbolic auto x) const { return member(0, x); }
};

/// A part called `Count` times, each with parameters of its own and each at a position of its own.
template <int Count, class Part>
constexpr repeated_part<Count, Part> repeat(const Part& part) {
  return repeated_part<Count, Part>(part);
}

/// A count that stands nowhere, or among the arguments; this says what to write.
template <class... Arguments>
requires(part_like<Arguments> || ...) constexpr auto repeat(const Arguments&...) {
  static_assert(sizeof...(Arguments) == 0, "a count stands in angle brackets: repeat<3>(part)");
  return part_base();
}

/// A function of an index and a value, called for each index; see `unroll`.
template <int Count, class Function>
struct unrolled_part : part_base {
  static_assert(Count >= 1, "a function is unrolled at least once");
  static_assert(!our_part<Function>,
                "what is unrolled is a lambda with an index; copies of a part are repeat<3>(part)");
  static constexpr std::int32_t positions = Count;
  Function function;

  constexpr explicit unrolled_part(const Function& given) : function(given) {}

  constexpr auto operator()(symbolic auto x) const { return member(x.to->next_positions(positions), x); }
  constexpr auto body(symbolic auto x) const { return member(0, x); }

  template <symbolic Symbol>
  constexpr auto member(std::int32_t position, Symbol x) const {
    constexpr bool has_index = is_template<0, Symbol> || takes_index<0, Symbol>;
    static_assert(has_index,
                  "what is unrolled takes an index: unroll<3>([]<int I>(auto x) { return conv2d<(8 << I)>{}(x); })");
    if constexpr (has_index) {
      return call_from<0>(position, x);
    } else {
      return x;
    }
  }

 private:
  template <int Index, class Symbol>
  static constexpr bool is_template = requires(const Function& of, Symbol x) {
    of.template operator()<Index>(x);
  };
  template <int Index, class Symbol>
  static constexpr bool takes_index = std::is_invocable_v<const Function&, std::integral_constant<int, Index>, Symbol>;

  // Each call may give another type of value, so this is no loop.
  template <int Index, symbolic Symbol>
  constexpr auto call_from(std::int32_t position, Symbol x) const {
    if constexpr (Index == Count) {
      return x;
    } else {
      return call_from<Index + 1>(position, in_scope(call<Index>{function}, position + Index, x));
    }
  }

  template <int Index>
  struct call {
    const Function& function;

    constexpr auto operator()(auto x) const {
      if constexpr (is_template<Index, decltype(x)>) {
        return function.template operator()<Index>(x);
      } else {
        return function(std::integral_constant<int, Index>(), x);
      }
    }
  };
};

/// A lambda called for the indices 0 to Count - 1, one after the other, each at a position of its own as `repeat`'s
/// copies are. The index is a constant, so that sizes may depend on it:
/// `unroll<3>([]<int I>(auto x) { return conv2d<(8 << I), stride<2>>{}(x); })`, or with an index as first argument,
/// `unroll<3>([](auto index, auto x) { return conv2d<(8 << index())>{}(x); })`.
///
/// example: unroll<3>([]<int I>(auto x) { return conv2d<(8 << I), kernel<3>, stride<2>>{}(x); })
template <int Count, class Function>
constexpr unrolled_part<Count, Function> unroll(const Function& function) {
  return unrolled_part<Count, Function>(function);
}

/// A count that stands nowhere, or among the arguments; this says what to write.
template <class... Arguments>
requires(part_like<Arguments> || ...) constexpr auto unroll(const Arguments&...) {
  static_assert(sizeof...(Arguments) == 0,
                "a count stands in angle brackets: unroll<3>([]<int I>(auto x) { return conv2d<(8 << I)>{}(x); })");
  return part_base();
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
