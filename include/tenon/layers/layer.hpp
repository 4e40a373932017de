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

/// What a layer derives from: `struct relu : layer<relu> { constexpr symbol body(symbol x) const; };` A body that calls
/// other layers takes `auto`, so that rewrites reach them.
template <class Derived>
struct layer : layer_base {
  static constexpr std::int32_t positions = 1;

  /// Unnamed calls take the next number of the scope they stand in.
  template <symbolic First, symbolic... More>
  constexpr auto operator()(First x, More... more) const {
    return member(x.to->next_position(), x, more...);
  }

  template <symbolic First, symbolic... More>
  constexpr auto member(std::int32_t position, First x, More... more) const {
    return in_scope(static_cast<const Derived&>(*this), position, x, more...);
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

/// A part under a name of its own; see `name`.
template <text Name, class Part>
struct named_part : part_base {
  static constexpr std::int32_t positions = 1;
  static constexpr std::int32_t no_number = -1;
  Part part;
  std::int32_t number = no_number;

  constexpr named_part(const Part& given, std::int32_t index) : part(given), number(index) {}

  template <symbolic First, symbolic... More>
  constexpr auto operator()(First x, More... more) const {
    builder& to = *x.to;
    to.enter(Name.view(), number);
    auto result = call_body(part, x, more...);
    to.leave();
    return result;
  }
  constexpr auto body(auto... x) const { return (*this)(x...); }
  constexpr auto member(std::int32_t, auto... x) const { return (*this)(x...); }
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
  static constexpr std::int32_t positions = Count * positions_of<Part>();
  Part part;

  constexpr explicit repeated_part(const Part& given) : part(given) {}

  template <symbolic Symbol>
  constexpr Symbol operator()(Symbol x) const {
    return member(x.to->next_positions(positions), x);
  }
  template <symbolic Symbol>
  constexpr Symbol member(std::int32_t position, Symbol x) const {
    for (int i = 0; i < Count; ++i) x = call_member(part, position + i * positions_of<Part>(), x);
    return x;
  }
  constexpr auto body(symbolic auto x) const { return member(0, x); }
};

/// A part called `Count` times, each with parameters of its own and each at a position of its own.
template <int Count, class Part>
constexpr repeated_part<Count, Part> repeat(const Part& part) {
  return repeated_part<Count, Part>(part);
}

/// A function of an index and a value, called for each index; see `unroll`.
template <int Count, class Function>
struct unrolled_part : part_base {
  static_assert(Count >= 1, "a function is unrolled at least once");
  static constexpr std::int32_t positions = Count;
  Function function;

  constexpr explicit unrolled_part(const Function& given) : function(given) {}

  constexpr auto operator()(symbolic auto x) const { return member(x.to->next_positions(positions), x); }
  constexpr auto member(std::int32_t position, symbolic auto x) const { return call_from<0>(position, x); }
  constexpr auto body(symbolic auto x) const { return member(0, x); }

 private:
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
      if constexpr (requires { function.template operator()<Index>(x); }) {
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

}  // namespace layers
}  // namespace v0
}  // namespace tenon
