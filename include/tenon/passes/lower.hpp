// SPDX-License-Identifier: Apache-2.0
// lower: a description becomes a graph, by calling it on symbolic values.
#pragma once

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include "tenon/graph/builder.hpp"
#include "tenon/graph/hints.hpp"
#include "tenon/graph/limits.hpp"

namespace tenon {
inline namespace v0 {

/// A description as it may be lowered: our parts are called without a scope of their own, so that their members number
/// from 0.
template <class Net, class... Symbols>
constexpr auto call_description(const Net& net, Symbols... x) {
  if constexpr (requires { net.body(x...); }) {
    return net.body(x...);
  } else if constexpr (requires { net(x...); }) {
    // No std::is_invocable_v, behind which compilers print ten lines before those that matter.
    return net(x...);
  } else {
    static_assert(
        requires { net(x...); },
        "a description takes one symbolic value an input: it is a layer, a chain, or a lambda, [](auto image) { ... }; "
        "or its body has an error, which stands above");
    return (x, ...);  // as if it were right, so that no other errors follow
  }
}

/// std::tuple, std::pair, std::array.
template <class Result>
concept tuple_like = requires {
  std::tuple_size<Result>::value;
};

/// What a description gives.
template <class Net, class Sequence>
struct description_result;
template <class Net, std::size_t... I>
struct description_result<Net, std::index_sequence<I...>> {
  using type = decltype(call_description(std::declval<const Net&>(), (static_cast<void>(I), symbol())...));
};

template <class Result, class Net, std::size_t... I>
constexpr void lower_into(builder& to, const Net& net, array_view<shape> inputs, std::index_sequence<I...>) {
  const std::array<symbol, sizeof...(I)> x{to.input(inputs[I])...};
  if constexpr (std::is_void_v<Result>) {
    to.report(problem::no_output, 1, 0);
  } else if constexpr (std::is_same_v<Result, symbol>) {
    to.graph.outputs.push_back(call_description(net, x[I]...).number);
  } else if constexpr (requires { Result::positions; }) {
    static_assert(
        !requires { Result::positions; }, "a description gives a part instead of what that gives: call it");
  } else if constexpr (!tuple_like<Result>) {
    static_assert(tuple_like<Result>, "a description gives a symbolic value or a std::tuple of them");
  } else {
    std::apply([&](auto... outputs) { (to.graph.outputs.push_back(outputs.number), ...); },
               call_description(net, x[I]...));
    if (to.graph.outputs.empty()) to.report(problem::no_output, 1, 0);
  }
}

/// Lowers a description of `Inputs` inputs: calls it on symbolic values of the given shapes.
///
///     conv2d<8>{} >> relu{}   =>   input -> x; parameter "0.weight" -> w; parameter "0.bias" -> b
///                                  x, w, b -> convolution -> y -> relu -> z, the output
///
/// requires: as many shapes as the description takes values
/// ensures: the graph's outputs are what the description returned; a problem stands in the graph.
/// cost: calls of layers, and characters of names
template <std::size_t Inputs, class Net>
constexpr builder lower(const Net& net, array_view<shape> inputs) {
  // Asked for here, where compilers have the fewest lines to print before what is wrong with the description.
  using Sequence = std::make_index_sequence<Inputs>;
  using Result = typename description_result<Net, Sequence>::type;
  builder to;
  lower_into<Result>(to, net, inputs, Sequence());
  check_limits(to.graph);
  add_hints(to);
  return to;
}

}  // namespace v0
}  // namespace tenon
