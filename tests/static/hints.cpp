// SPDX-License-Identifier: Apache-2.0
// What is said of a problem beside its scope: which of several calls it is, and what its values come from.
#include <array>
#include <string_view>

#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"

namespace {

using namespace tenon::layers;

// The hints of a network's problem, one behind another with a bar behind each.
template <class Net, std::size_t Inputs>
constexpr bool has_hints(const Net& net, const std::array<tenon::shape, Inputs>& inputs, std::string_view expected) {
  tenon::builder made = tenon::lower<Inputs>(net, inputs);
  const tenon::diagnostic& found = made.graph.problem;
  tenon::list<char> text;
  std::int32_t next = found.hints_begin;
  for (const std::int32_t length : found.hint_lengths) {
    for (std::int32_t i = 0; i < length; ++i) text.push_back(made.graph.characters[static_cast<std::size_t>(next++)]);
    if (length > 0) text.push_back('|');
  }
  return std::string_view(text.data(), text.size()) == expected;
}
template <class Net>
constexpr bool has_hints(const Net& net, std::string_view expected) {
  return has_hints(net, std::array{tenon::shape(1, 8, 16, 16)}, expected);
}

// Nothing is wrong, so nothing is said.
static_assert(has_hints([](auto x) { return x + conv2d<8>{}(x); }, ""));

// The only call of its scope has no number.
static_assert(has_hints([](auto x) { return x + conv2d<4>{}(x); }, "first from input 0|other from 0|"));
static_assert(has_hints([](auto x) { return conv2d<4>{}(x)*x; }, "first from 0|other from input 0|"));

// Of several it is told which one it is, and so it is of those that its values come from.
static_assert(has_hints(
    [](auto x) {
      auto a = x + x;
      auto b = a + x + x;
      return b + conv2d<4>{}(a);
    },
    "the 4th of 4 calls|first from add (the 3rd)|other from 0|"));
static_assert(has_hints([](auto x) { return add(x, x, x, conv2d<4>{}(x), x) + x; },
                        "the 1st of 2 calls|first from add (the 1st)|other from 0|"));
static_assert(has_hints(
    [](auto x) {
      auto y = x;
      for (int i = 0; i < 20; ++i) y = y * x;
      y = y * conv2d<4>{}(x);
      return y * y;
    },
    "the 21st of 22 calls|first from multiply (the 20th)|other from 0|"));
static_assert(has_hints(
    [](auto x) {
      auto y = x;
      for (int i = 0; i < 11; ++i) y = y + x;
      return y + conv2d<4>{}(y);
    },
    "the 12th of 12 calls|first from add (the 11th)|other from 0|"));

// Each scope counts its own calls.
static_assert(has_hints(
    [](auto x) {
      auto inner = name<"inner">([](auto y) { return y + y + y; })(x);
      return inner + conv2d<4>{}(x);
    },
    "first from inner.add (the 2nd)|other from 0|"));

// Of a concat the two that do not fit together.
static_assert(has_hints(
    [](auto x) {
      auto y = concat(x, x);
      return concat(y, x, y, name<"small">(max_pool2d<kernel<2>>{})(x), x);
    },
    "the 2nd of 2 calls|first from concat (the 1st)|other from small|"));

// What changes nothing is a call all the same.
static_assert(has_hints(
    [](auto x, auto volume) {
      auto y = pad_like(resize_like(x, x), x);
      return pad_like(resize_like(y, x), volume);
    },
    std::array{tenon::shape(1, 8, 16, 16), tenon::shape(1, 8, 4, 16, 16)},
    "the 2nd of 2 calls|first from input 0|other from input 1|"));
static_assert(has_hints([](auto x, auto volume) { return resize_like(relu{}(x), volume); },
                        std::array{tenon::shape(1, 8, 16, 16), tenon::shape(1, 8, 4, 16, 16)},
                        "first from 0|other from input 1|"));

// Of one value.
static_assert(has_hints(
    [](auto x) {
      auto [a, b] = split<4, 4>(x);
      return split<2, 1>(name<"stem">(conv2d<4>{})(concat(a, b)));
    },
    "the 2nd of 2 calls|from stem|"));
static_assert(has_hints(
    [](auto x) {
      auto [a, b] = chunk<2>(x);
      return chunk<3>(b);
    },
    "the 2nd of 2 calls|from chunk (the 1st)|"));

// A long scope is cut at its front.
static_assert(has_hints(
    [](auto x) {
      auto y = name<"a_long_word.and_another_word.and_yet_another">([](auto z) { return z + z + z; })(x);
      return y + conv2d<4>{}(x);
    },
    "first from ..._another.add (the 2nd)|other from 0|"));
static_assert(std::string_view("first from ..._another.add (the 2nd)").size() == 36);

// What is too large for counting stands in the scope of a call, too.
static_assert(has_hints(
    [](auto x) {
      auto y = concat(x, x);
      return concat(y, y);
    },
    std::array{tenon::shape(1, 0x30000000, 1, 1)}, "the 2nd of 2 calls|"));

}  // namespace
