// SPDX-License-Identifier: Apache-2.0
// A rewritten network computes what the network that is written so computes: outputs, and parameters after steps.
#include "tenon/layers/rewrite.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "tenon/backends/reference/reference.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite_convolutions.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"

namespace {
using namespace tenon;
using namespace tenon::layers;

template <int Channels>
constexpr auto plain_block = conv2d<Channels, kernel<3>, no_bias>{} >> batch_norm{} >> relu{};
inline constexpr auto plain = [](auto x) {
  auto fine = name<"fine">(plain_block<8>)(x);
  auto coarse = name<"coarse">(repeat<2>(plain_block<16>))(max_pool2d<kernel<2>>{}(fine));
  return name<"head">(conv2d<5, kernel<3>>{})(concat(resize_like(coarse, fine), fine));
};

inline constexpr auto partly_frozen = frozen<"fine">(plain);
inline constexpr auto rewritten = replace<relu, leaky_relu<0.1>>(replace<batch_norm, group_norm<2>>(
    separable<between<batch_norm<>>, except<"fine", "head">>(scale_width<0.5, except<"head">, multiple<4>>(plain))));

/// The same, written so.
constexpr auto direct_tail = group_norm<2>{} >> leaky_relu<0.1>{};
template <int Inputs, int Channels>
constexpr auto direct_block = [](auto x) {
  x = conv2d<Inputs, groups<Inputs>, kernel<3>, no_bias>{}(x);
  return conv2d<Channels, no_bias>{}(group_norm<2>{}(x));
} >> direct_tail;
inline constexpr auto direct = [](auto x) {
  auto fine = name<"fine">(conv2d<4, kernel<3>, no_bias>{} >> direct_tail)(x);
  auto coarse = name<"coarse">([](auto y) {
    y = direct_block<4, 8>(y);
    return direct_block<8, 8>(y);
  })(max_pool2d<kernel<2>>{}(fine));
  return name<"head">(conv2d<5, kernel<3>>{})(concat(resize_like(coarse, fine), fine));
};

using picture = image<2, 3, 9, 12>;
template <const auto& Net, class Backend>
using training = trainer<Net, picture, mean_square, adam<>, Backend>;

template <class First, class Second>
void check_equal(const First& first, const Second& second) {
  static_assert(First::parameter_list.size() == Second::parameter_list.size());
  for (const parameter_description& entry : First::parameter_list) {
    INFO(entry.name);
    const parameter_view one = first.parameter(entry.name), other = second.parameter(entry.name);
    CHECK(one.extents == other.extents);
    CHECK(std::ranges::equal(one.values, other.values));
  }
}

template <class Backend>
void check_steps() {
  training<rewritten, Backend> one{initialize(7), threads{1}};
  training<direct, Backend> other{initialize(7), threads{1}};
  check_equal(one, other);
  std::vector<float> pictures(2 * 3 * 9 * 12), targets(2 * 5 * 9 * 12);
  random_source random(3);
  for (float& each : pictures) each = static_cast<float>(random.normal());
  for (float& each : targets) each = static_cast<float>(random.normal());
  for (int step = 0; step < 3; ++step) {
    const tensor_view<const float, 4> given(pictures.data(), {2, 3, 9, 12}), wanted(targets.data(), {2, 5, 9, 12});
    CHECK(one.step(given, wanted, {.learning_rate = 0.01f}) == other.step(given, wanted, {.learning_rate = 0.01f}));
  }
  check_equal(one, other);
}
}  // namespace

TEST_CASE("a rewritten network trains as the network that is written so") {
  check_steps<backend::reference>();
  check_steps<backend::onednn>();
}

TEST_CASE("a part that was frozen by name does not move, its running statistics do") {
  using frozen_training = trainer<partly_frozen, picture, mean_square, sgd<momentum<0.9>, weight_decay<0.1>>>;
  frozen_training net{initialize(1)};
  const auto values = [&](std::string_view name) {
    const parameter_view view = net.parameter(name);
    return std::vector<float>(view.values.begin(), view.values.end());
  };
  const auto weight = values("fine.0.weight"), scale = values("fine.1.weight"), mean = values("fine.1.running_mean"),
             head = values("head.weight");
  std::vector<float> pictures(2 * 3 * 9 * 12), targets(2 * 5 * 9 * 12, 1.0f);
  std::iota(pictures.begin(), pictures.end(), -300.0f);
  net.step({pictures.data(), {2, 3, 9, 12}}, {targets.data(), {2, 5, 9, 12}}, {.learning_rate = 1e-4f});
  CHECK(values("fine.0.weight") == weight);
  CHECK(values("fine.1.weight") == scale);
  CHECK(values("fine.1.running_mean") != mean);
  CHECK(values("head.weight") != head);
}
