// SPDX-License-Identifier: Apache-2.0
// All layers but convolutions equal PyTorch's, over awkward shapes.
#include <catch2/catch.hpp>

#include "golden/parts.hpp"

namespace {
using namespace tenon::layers;
using golden::after;
using golden::after3;
using golden::make;
using golden::two_inputs;

template <int Rank, int Channels>
constexpr auto padded = [](auto x, auto like) {
  auto first = name<"first">(convolution<Rank, Channels>{})(x);
  auto second = name<"second">(convolution<Rank, Channels>{})(like);
  return pad_like(first, second) + second;
};

/// The resizes of one interpolation.
template <auto... How>
void add_resizes(std::vector<golden::test>& tests, const std::string& mode) {
  const std::string start = "resize " + mode + " ";
  tests.push_back({start + "up", after<3>(resize<size<11, 13>, How...>{})});
  tests.push_back({start + "down", after<19>(resize<size<4, 5>, How...>{})});
  tests.push_back({start + "twice", after<16>(resize<factor<2>, How...>{})});
  tests.push_back({start + "mixed", after<5>(resize<How..., size<10, 5>>{})});
  tests.push_back({start + "from one pixel", after<33>(resize<factor<4, 3>, How...>{})});
  tests.push_back({start + "to one pixel", after<11>(resize<size<1>, How...>{})});
  tests.push_back({start + "same", after<1>(resize<factor<1>, How...>{})});
  tests.push_back({start + "3-D", after3<5>(resize<size<5, 3, 9>, How...>{})});
}
}  // namespace

TEST_CASE("layers equal PyTorch's") {
  std::vector<golden::test> tests = {
      {"batch_norm of 1", make(batch_norm{} >> conv2d<3>{})},
      {"batch_norm of 3", make(batch_norm{} >> conv2d<3>{})},
      {"batch_norm of 5", make(batch_norm{} >> conv2d<3>{})},
      {"batch_norm of 11", make(batch_norm{} >> conv2d<3>{})},
      {"batch_norm of 19", make(batch_norm{} >> conv2d<3>{})},
      {"batch_norm of 33", make(batch_norm{} >> conv2d<3>{})},
      {"batch_norm of 16", make(batch_norm{} >> conv2d<3>{})},
      {"batch_norm behind a convolution", make(conv2d<19, kernel<3>, no_bias>{} >> batch_norm{})},
      {"batch_norm and relu", make(conv2d<33, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> conv2d<5>{})},
      {"batch_norm 3-D", make(conv3d<11, kernel<3>, no_bias>{} >> batch_norm{} >> relu{})},
      {"batch_norm with options",
       make(conv2d<5, kernel<3>, stride<2>, no_bias>{} >> batch_norm<epsilon<1e-2>, running_share<0.3>>{} >> relu{})},
      {"batch_norm over one value", make(conv2d<11>{} >> batch_norm{} >> relu{} >> conv2d<3>{})},
      {"batch_norm of what two read", make([](auto x) {
         auto y = name<"first">(conv2d<19>{})(x);
         return name<"norm">(batch_norm{})(y) + name<"second">(conv2d<19, kernel<3>>{})(y);
       })},
      {"batch_norm before relu, read twice", make([](auto x) {
         auto y = name<"norm">(batch_norm{})(name<"first">(conv2d<5, no_bias>{})(x));
         return relu{}(y) + name<"second">(conv2d<5>{})(y);
       })},
      {"relu", after<19>(relu{})},
      {"relu of relu", after<5>(relu{} >> relu{} >> conv2d<5>{} >> relu{})},
      {"relu alone", make(relu{} >> conv2d<3>{})},
      {"relu behind conv_transpose2d", after<5>(conv_transpose2d<19, kernel<2>, stride<2>>{} >> relu{})},
      {"relu 3-D one pixel", after3<3>(relu{})},

      {"max_pool 2", after<5>(max_pool2d<kernel<2>>{})},
      {"max_pool with padding", after<19>(max_pool2d<kernel<3>, stride<2>, padding<1>>{})},
      {"max_pool overlapping", after<33>(max_pool2d<kernel<3>, stride<1>, padding<1>>{})},
      {"max_pool 3 x 1", after<3>(max_pool2d<kernel<3, 1>, stride<2, 1>>{})},
      {"max_pool with dilation", after<11>(max_pool2d<kernel<2>, stride<1>, dilation<3>>{})},
      {"max_pool with gaps", after<5>(max_pool2d<kernel<2>, stride<3>>{})},
      {"max_pool of equal values", after<16>(relu{} >> max_pool2d<kernel<3>, stride<2>, padding<1>>{} >> conv2d<3>{})},
      {"max_pool one pixel", after<1>(max_pool2d<kernel<1>>{})},
      {"max_pool 3-D", after3<5>(max_pool3d<kernel<2>>{})},
      {"max_pool 3-D with padding", after3<11>(max_pool3d<kernel<3>, stride<2>, padding<1>>{})},

      {"pad_like larger", two_inputs(padded<2, 5>)},
      {"pad_like smaller", two_inputs(padded<2, 19>)},
      {"pad_like both", two_inputs(padded<2, 33>)},
      {"pad_like one pixel", two_inputs(padded<2, 1>)},
      {"pad_like 3-D", two_inputs(padded<3, 11>)},

      {"add", make([](auto x) { return name<"first">(conv2d<19, kernel<3>>{})(x) + name<"second">(conv2d<19>{})(x); })},
      {"add of three", make([](auto x) {
         return add(name<"first">(conv2d<11>{})(x), name<"second">(conv2d<11>{})(x),
                    name<"third">(conv2d<11, kernel<3>>{})(x));
       })},
      {"add of a value to itself", make([](auto x) {
         auto y = name<"first">(conv2d<3>{})(x);
         return y + y;
       })},
      {"residual block", make([](auto x) {
         auto y = name<"first">(conv2d<16, kernel<3>>{})(x);
         return relu{}(name<"second">(conv2d<16, kernel<3>>{})(y) + y);
       })},
      {"concat of full blocks", make([](auto x) {
         auto both = concat(name<"first">(conv2d<16>{})(x), name<"second">(conv2d<32>{})(x));
         return name<"last">(conv2d<5, kernel<3>>{})(both);
       })},
      {"concat of odd channels", make([](auto x) {
         auto all =
             concat(name<"first">(conv2d<3>{})(x), name<"second">(conv2d<19>{})(x), name<"third">(conv2d<1>{})(x), x);
         return name<"last">(conv2d<11>{})(all);
       })},
      {"concat of a value with itself", make([](auto x) {
         auto y = name<"first">(conv2d<11>{})(x);
         return name<"last">(conv2d<3>{})(concat(y, y));
       })},
      {"concat as output",
       make([](auto x) { return concat(name<"first">(conv2d<5>{})(x), name<"second">(conv2d<33>{})(x)); })},
      {"concat 3-D",
       make([](auto x) { return name<"last">(conv3d<3>{})(concat(name<"first">(conv3d<5, kernel<3>>{})(x), x)); })},
      {"a value read four times", make([](auto x) {
         auto y = name<"first">(conv2d<11, kernel<3>>{})(x);
         auto pooled = max_pool2d<kernel<3>, stride<1>, padding<1>>{}(y);
         return name<"last">(conv2d<5>{})(concat(relu{}(y), pooled, y + name<"second">(conv2d<11>{})(y)));
       })},
      {"a dead branch", make([](auto x) {
         auto y = name<"first">(conv2d<5, kernel<3>>{})(x);
         relu{}(max_pool2d<kernel<2>>{}(y));
         return y;
       })},
      {"two inputs", two_inputs([](auto a, auto b) {
         return name<"first">(conv2d<5>{})(a) + name<"second">(conv2d<5, kernel<3>>{})(b);
       })},
      {"resize_like", make([](auto x) {
         auto coarse = name<"coarse">(conv2d<16, kernel<3>, stride<2>>{})(x);
         return name<"last">(conv2d<3>{})(concat(resize_like(coarse, x), x));
       })},
  };
  add_resizes<nearest<>>(tests, "nearest");
  add_resizes<>(tests, "linear");
  add_resizes<align_corners>(tests, "align_corners");
  golden::check_all("layers", tests);
}
