// SPDX-License-Identifier: Apache-2.0
// What a user sees with -Ofast: functions are as right as without, and what is not finite is refused.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tenon/tenon.hpp>
#include <vector>

#include "tenon/backends/reference/program.hpp"

using namespace tenon::layers;

namespace {

constexpr int channels = 4, side = 16;
constexpr std::size_t plane = side * side;
using picture = tenon::image<1, channels, side, side>;

std::vector<float> waves() {
  std::vector<float> x(channels * plane);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 10 * std::sin(0.01f * static_cast<float>(i * 7));
  return x;
}

auto view_of(const std::vector<float>& x) {
  return tenon::tensor_view<const float, 4>(x.data(), 1, channels, side, side);
}

template <const auto& Network>
std::vector<float> predicted(const std::vector<float>& x) {
  tenon::predictor<Network, picture> net{tenon::initialize(1), tenon::threads{1}};
  const auto y = net(view_of(x));
  return {y.data(), y.data() + y.size()};
}

inline constexpr auto logistic = sigmoid{};
inline constexpr auto shares = softmax{};
inline constexpr auto exponential_unit = elu<>{};
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

}  // namespace

TEST_CASE("functions are right with -Ofast") {
  const std::vector<float> x = waves();
  const std::vector<float> y = predicted<logistic>(x), z = predicted<shares>(x), e = predicted<exponential_unit>(x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = static_cast<double>(x[i]);
    worst = std::max(worst, std::abs(1 / (1 + std::exp(-exact)) - static_cast<double>(y[i])));
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) sum += std::exp(static_cast<double>(x[c * plane + i % plane]));
    worst = std::max(worst, std::abs(std::exp(exact) / sum - static_cast<double>(z[i])));
    worst = std::max(worst, std::abs((exact > 0 ? 0 : std::expm1(exact) - static_cast<double>(e[i]))));
  }
  CHECK(worst < 1e-6);
}

TEST_CASE("what is not finite is refused with -Ofast") {
  check_refusals<tenon::backend::onednn>();
  check_refusals<tenon::backend::reference>();
}
