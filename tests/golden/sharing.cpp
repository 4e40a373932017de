// SPDX-License-Identifier: Apache-2.0
// Shared and frozen parts and learning-rate factors train as PyTorch's modules and parameter groups do.
#include <catch2/catch.hpp>

#include "golden/harness.hpp"

namespace {
using namespace tenon::layers;
using namespace tenon;
using golden::make;

/// One head for two sizes, one output of each; its norm sees both.
constexpr auto pyramid = [](auto x) {
  auto fine = relu{}(name<"body">(conv2d<6, kernel<3>>{})(x));
  auto head = share<"head">(conv2d<8, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> conv2d<4>{});
  auto first = head(fine);
  return std::tuple{first, head(max_pool2d<kernel<2>>{}(fine))};
};

/// One block three times in a row, and its sum with its input.
constexpr auto recurrent = [](auto x) {
  x = name<"first">(conv2d<5, kernel<3>>{})(x);
  auto y = repeat<3>(share<"cell">(conv2d<5, kernel<3>, no_bias>{} >> batch_norm{} >> relu{}))(x);
  return name<"last">(conv2d<2>{})(x + y);
};

/// One tower for two inputs.
constexpr auto siamese = [](auto x, auto y) {
  auto tower = share<"tower">(conv2d<6, kernel<3>>{} >> relu{} >> conv_transpose2d<4, kernel<2>, stride<2>>{});
  auto left = tower(x);
  return name<"last">(conv2d<3, kernel<3>>{})(concat(left, tower(y)));
};

constexpr auto encoder = conv2d<6, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> conv2d<6, kernel<3>>{};
constexpr auto middle = conv2d<6, kernel<3>, no_bias>{} >> batch_norm{};
constexpr auto head = conv2d<4>{};
constexpr auto pair = name<"encoder">(encoder) >> name<"middle">(middle) >> relu{} >> name<"head">(head);

constexpr auto frozen_middle = name<"encoder">(encoder) >>
                               frozen(name<"middle">(middle)) >> relu{} >> name<"head">(head);
constexpr auto slow = learning_rate_factor<3.0, "head">(
    learning_rate_factor<0.25>(name<"encoder">(conv2d<6, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >>
                                               learning_rate_factor<0.5>(conv2d<6, kernel<3>>{}))) >>
    name<"middle">(middle) >> relu{} >> name<"head">(head));

using heavy = sgd<momentum<0.9>, weight_decay<0.01>>;
}  // namespace

TEST_CASE("shared and frozen parts and learning-rate factors train as PyTorch's") {
  const std::vector<golden::test> tests = {
      {"shared at two sizes", make<losses<mean_square, weighted<mean_square, 0.5>>, heavy>(pyramid)},
      {"shared in a row", make<mean_square, adam<>>(recurrent)},
      {"shared by two inputs", make<mean_square, heavy, 2>(siamese)},
      {"frozen start", make<mean_square, heavy>(frozen<"encoder">(pair))},
      {"frozen middle", make<mean_square, heavy>(frozen_middle)},
      {"frozen bias", make<mean_square, adamw<>>(frozen<"head.bias">(pair))},
      {"factors sgd", make<mean_square, sgd<momentum<0.9>, nesterov, weight_decay<0.02>>>(slow)},
      {"factors adam", make<mean_square, adam<weight_decay<0.1>>>(slow)},
      {"factors adamw", make<mean_square, adamw<weight_decay<0.3>>>(slow)},
  };
  golden::check_all("sharing", tests);
}
