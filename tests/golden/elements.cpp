// SPDX-License-Identifier: Apache-2.0
// Element-wise layers and binary cross-entropy equal PyTorch's.
#include <catch2/catch.hpp>

#include "golden/parts.hpp"

namespace {
using namespace tenon::layers;
using namespace tenon;
using golden::make;
using golden::two_inputs;

/// A convolution 3 x 3, the layer, a convolution 1 x 1.
template <int Channels, int Outputs = 3, int Rank = 2, class Layer>
auto between(const Layer& layer) {
  return convolution<Rank, Channels, kernel<3>>{} >> layer >> convolution<Rank, Outputs>{};
}

template <class Layer>
constexpr auto of_two = [](auto x) {
  auto y = name<"first">(conv2d<5>{})(x);
  return name<"last">(conv2d<5>{})(Layer{}(y)) + y;
};

template <int Channels, class Layer>
void add_activation(std::vector<golden::test>& tests, const std::string& name, const Layer& layer) {
  tests.push_back({name, make(between<Channels>(layer))});
  tests.push_back({name + " 3-D", make(between<Channels, 3, 3>(layer))});
  tests.push_back({name + " as output", make(conv2d<19, kernel<3>, no_bias>{} >> batch_norm{} >> layer)});
  tests.push_back({name + " of what two read", make(of_two<Layer>)});
}

/// Three heads of one trunk.
constexpr auto heads = [](auto x) {
  auto y = elu<>{}(name<"trunk">(conv2d<11, kernel<3>>{})(x));
  auto first = name<"first">(conv2d<1>{})(y);
  auto second = name<"second">(conv2d<5>{})(y);
  return std::tuple{first, second, name<"third">(conv2d<4, kernel<3>, stride<2>>{})(y)};
};
using three = losses<binary_cross_entropy, weighted<mean_square, 0.4>, weighted<cross_entropy<>, 0.7>>;
}  // namespace

TEST_CASE("element-wise layers equal PyTorch's") {
  std::vector<golden::test> tests;
  add_activation<19>(tests, "leaky_relu", leaky_relu<0.1>{});
  add_activation<5>(tests, "relu6", relu6{});
  add_activation<33>(tests, "elu", elu<0.7>{});
  add_activation<3>(tests, "sigmoid", sigmoid{});
  add_activation<11>(tests, "hard_sigmoid", hard_sigmoid{});
  add_activation<16>(tests, "hard_swish", hard_swish{});
  const std::vector<golden::test> more = {
      {"sigmoid of one channel", make(conv2d<1>{} >> sigmoid{})},
      {"leaky_relu behind conv_transpose2d", make(conv_transpose2d<19, kernel<2>, stride<2>>{} >> leaky_relu<0.3>{})},
      {"leaky_relu of its default", make(between<5>(leaky_relu<>{}))},
      {"elu of its default", make(between<5>(elu<>{}))},
      {"hard_swish twice", make(conv2d<11>{} >> hard_swish{} >> hard_swish{} >> conv2d<3>{})},

      {"prelu", make(between<19, 5>(prelu{}))},
      {"prelu 3-D", make(conv3d<11, kernel<3>>{} >> prelu{})},
      {"prelu alone", make(prelu{} >> conv2d<3>{})},
      {"prelu behind a norm", make(conv2d<33, no_bias>{} >> batch_norm{} >> prelu{} >> conv2d<3>{})},
      {"prelu one pixel", make(conv2d<3>{} >> prelu{})},

      {"softmax", make(conv2d<11, kernel<3>>{} >> softmax{})},
      {"softmax of 33", make(conv2d<33>{} >> softmax{} >> conv2d<5>{})},
      {"softmax 3-D", make(conv3d<5>{} >> softmax{} >> conv3d<2>{})},
      {"softmax between", make(between<19>(softmax{}))},

      {"multiply", make([](auto x) {
         auto first = name<"first">(conv2d<19, kernel<3>>{})(x);
         return multiply(first, name<"second">(conv2d<19>{})(x));
       })},
      {"multiply a value by itself", make([](auto x) {
         auto y = name<"first">(conv2d<5>{})(x);
         return name<"last">(conv2d<3>{})(y * y);
       })},
      {"multiply by a gate", make([](auto x) {
         auto y = name<"first">(conv2d<11, kernel<3>>{})(x);
         auto gate = sigmoid{}(name<"gate">(conv2d<11>{})(y));
         return name<"last">(conv2d<3>{})(y * gate);
       })},
      {"multiply by one pixel", two_inputs([](auto x, auto pixel) {
         auto y = name<"first">(conv2d<19, kernel<3>>{})(x);
         auto gate = sigmoid{}(name<"gate">(conv2d<19>{})(pixel));
         return name<"last">(conv2d<3>{})(y * gate);
       })},
      {"multiply by one pixel, full blocks", two_inputs([](auto x, auto pixel) {
         auto y = name<"first">(conv2d<32, kernel<3>>{})(x);
         return y * hard_sigmoid{}(name<"gate">(conv2d<32>{})(pixel));
       })},
      {"multiply by one pixel 3-D", two_inputs([](auto x, auto pixel) {
         auto y = name<"first">(conv3d<5, kernel<3>>{})(x);
         auto gate = name<"gate">(conv3d<5>{})(pixel);
         return name<"last">(conv3d<2>{})(multiply(y, gate));
       })},
      {"multiply pixels", make([](auto x) {
         auto first = name<"first">(conv2d<5>{})(x);
         return first * name<"second">(conv2d<5>{})(x);
       })},

      {"binary_cross_entropy", make<binary_cross_entropy>(between<16, 5>(relu{}))},
      {"binary_cross_entropy of one channel", make<binary_cross_entropy>(between<16, 1>(relu{}))},
      {"binary_cross_entropy of great logits", make<binary_cross_entropy>(between<8, 19>(relu{}))},
      {"binary_cross_entropy 3-D", make<binary_cross_entropy>(between<8, 3, 3>(relu{}))},
      {"binary_cross_entropy weighted", make<weighted<binary_cross_entropy, 0.3>>(between<8, 33>(relu{}))},
      {"binary_cross_entropy of what is resized", make<binary_cross_entropy>([](auto x) {
         auto y = relu{}(name<"first">(conv2d<8, kernel<3>, stride<2>>{})(x));
         return resize_like(name<"last">(conv2d<1>{})(y), x);
       })},
      {"losses of two resizes", make<losses<binary_cross_entropy, weighted<mean_square, 0.4>>>([](auto x) {
         auto y = relu{}(name<"trunk">(conv2d<5, kernel<3>, stride<2>>{})(x));
         auto first = resize_like(name<"first">(conv2d<3>{})(y), x);
         return std::tuple{first, resize_like<nearest<>>(name<"second">(conv2d<19>{})(y), x)};
       })},
      {"three losses", make<three>(heads)},
  };
  tests.insert(tests.end(), more.begin(), more.end());
  golden::check_all("elements", tests);
}
