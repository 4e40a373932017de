// SPDX-License-Identifier: Apache-2.0
// Batch norms that training leaves alone, and what is frozen with them, train as PyTorch's modules in eval() do.
#include <catch2/catch.hpp>

#include "golden/harness.hpp"

namespace {
using namespace tenon::layers;
using namespace tenon;
using golden::make;
using heavy = sgd<momentum<0.9>, weight_decay<0.01>>;

constexpr auto middle = name<"middle">(conv2d<6, kernel<3>, no_bias>{} >> batch_norm{});
constexpr auto head = name<"head">(conv2d<4>{});
constexpr auto encoder =
    name<"encoder">(conv2d<6, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> conv2d<6, kernel<3>>{});
constexpr auto start = frozen<"encoder", running_statistics>(encoder >> middle >> relu{} >> head);
constexpr auto frozen_middle = name<"encoder">(conv2d<6, kernel<3>>{} >> relu{}) >>
                               frozen<running_statistics>(middle) >> relu{} >> head;

constexpr auto kept_norm = frozen<running_statistics>(batch_norm{});
constexpr auto whole_blocks = conv2d<32, kernel<3>, no_bias>{} >> kept_norm >> leaky_relu<0.1>{} >>
                              conv2d<16, no_bias>{} >> kept_norm >> relu{} >> conv2d<2>{};

constexpr auto residual = [](auto x) {
  x = name<"first">(conv2d<19, kernel<3>>{})(x);
  constexpr auto half = conv2d<19, kernel<3>, no_bias>{} >> kept_norm;
  auto y = name<"block">(half >> relu{} >> half)(x);
  return name<"last">(conv2d<3>{})(relu{}(y + x));
};

constexpr auto beside_trained = [](auto x) {
  auto kept = frozen<running_statistics>(name<"kept">(conv2d<16, kernel<3>, no_bias>{} >> batch_norm{}))(x);
  auto trained = name<"trained">(conv2d<16, kernel<3>>{})(x);
  return name<"last">(conv2d<3>{})(relu{}(kept + trained));
};

constexpr auto trained_scale = conv2d<5, kernel<3>, no_bias>{} >> batch_norm<running_statistics>{} >> relu{} >>
                               conv2d<20>{} >> batch_norm<running_statistics>{} >> sigmoid{} >> conv2d<3>{};
constexpr auto volumes = conv3d<5, kernel<3>>{} >> batch_norm<running_statistics>{} >> relu{} >> conv3d<3>{};

constexpr auto shared_with_one_value = [](auto x) {
  auto norm = share<"norm">(batch_norm{});
  auto fine = norm(name<"first">(conv2d<6, kernel<3>, no_bias>{})(x));
  auto mean = norm(adaptive_average_pool2d<1>{}(fine));
  return name<"last">(conv2d<2>{})(fine * sigmoid{}(mean));
};
}  // namespace

TEST_CASE("batch norms that training leaves alone train as PyTorch's in eval()") {
  const std::vector<golden::test> tests = {
      {"start", make<mean_square, heavy>(start)},
      {"middle", make<mean_square, adam<>>(frozen_middle)},
      {"whole blocks", make<mean_square, heavy>(whole_blocks)},
      {"residual", make<mean_square, heavy>(residual)},
      {"beside a trained branch", make<mean_square, heavy>(beside_trained)},
      {"trained scale", make<mean_square, heavy>(trained_scale)},
      {"volumes", make<mean_square, heavy>(volumes)},
      {"shared with one value", make<mean_square, heavy>(shared_with_one_value)},
  };
  golden::check_all("frozen_norms", tests);
}
