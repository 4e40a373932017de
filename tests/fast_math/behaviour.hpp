// SPDX-License-Identifier: Apache-2.0
// What a user does with one small network, and what must be refused whatever the compiler's flags.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tenon/tenon.hpp>
#include <vector>

namespace fast_math {

using namespace tenon::layers;

inline constexpr int channels = 4, side = 16;
inline constexpr std::size_t plane = side * side;
using picture = tenon::image<1, channels, side, side>;

inline std::vector<float> waves() {
  std::vector<float> x(channels * plane);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 10 * std::sin(0.01f * static_cast<float>(i * 7));
  return x;
}

inline auto view_of(const std::vector<float>& x) {
  return tenon::tensor_view<const float, 4>(x.data(), 1, channels, side, side);
}

template <const auto& Network>
std::vector<float> predicted(const std::vector<float>& x) {
  tenon::predictor<Network, picture> net{tenon::initialize(1), tenon::threads{1}};
  const auto y = net(view_of(x));
  return {y.data(), y.data() + y.size()};
}

inline constexpr auto small_network = conv2d<8, kernel<3>>{} >> batch_norm{} >> relu{} >> conv2d<3>{};

template <class Backend>
void check_refusals() {
  using teacher = tenon::trainer<small_network, picture, tenon::cross_entropy<>, tenon::sgd<>, Backend>;
  teacher learner{tenon::initialize(1), tenon::threads{1}};
  std::vector<float> x = waves();
  const std::vector<std::uint8_t> labels(plane, 2);
  const tenon::tensor_view<const std::uint8_t, 3> truth(labels.data(), 1, side, side);
  const float first = learner.step(view_of(x), truth, {.learning_rate = 0.05f});
  CHECK(first > 0);
  CHECK(first < 20);
  const float second = learner.step(view_of(x), truth, {.learning_rate = 0.05f});
  CHECK(second < first);
  const auto weights = learner.parameters().parameter("0.weight").values;
  const std::vector<float> kept(weights.begin(), weights.end());
  for (const float rate : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    CHECK_THROWS_AS(learner.step(view_of(x), truth, {.learning_rate = rate}), tenon::numeric_error);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    std::fill(x.begin(), x.end(), bad);
    CHECK_THROWS_AS(learner.step(view_of(x), truth, {.learning_rate = 0.05f}), tenon::numeric_error);
  }
  CHECK(std::equal(kept.begin(), kept.end(), weights.begin()));
}

}  // namespace fast_math
