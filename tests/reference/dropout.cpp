// SPDX-License-Identifier: Apache-2.0
// Dropout: how much it keeps, what the mask follows from, and that it is its own gradient.
#include <set>

#include "harness.hpp"
#include "tenon/core/finite.hpp"

namespace {
using namespace harness;

attributes dropping(double rate, bool channelwise = false, std::int32_t index = 0) {
  return {.index = index, .channelwise = channelwise, .rate = rate};
}

tensor<double> dropped(const attributes& attribute, const tensor<double>& x, const step_arguments& arguments) {
  tensor<double> read = x, y(x.extents, 1e30);
  execute<double>(operation::dropout, attribute, {&read}, {&y}, arguments);
  return y;
}

double share_of_zeros(const tensor<double>& of) {
  const auto zeros = std::count(of.values.begin(), of.values.end(), 0.0);
  return static_cast<double>(zeros) / static_cast<double>(of.values.size());
}
}  // namespace

TEST_CASE("dropout drops its rate and keeps the mean") {
  const shape of(2, 5, 100, 100);
  const tensor<double> ones(of, 1.0);
  for (const double rate : {0.0, 0.01, 0.1, 0.5, 0.9, 0.999})
    for (const std::int64_t step : {1, 2}) {
      const auto y = dropped(dropping(rate), ones, {0, step, 7});
      // Four standard deviations of a share of 10^5 draws.
      const double apart = 4 * std::sqrt(rate * (1 - rate) / 1e5);
      INFO("rate " << rate);
      CHECK(std::abs(share_of_zeros(y) - rate) <= apart);
      for (const double each : y.values) REQUIRE((each == 0 || each == Approx(1 / (1 - rate)).epsilon(1e-14)));
    }
}

TEST_CASE("neighbours in images, channels and rows are dropped independently") {
  const shape of(4, 8, 50, 64);
  const auto y = dropped(dropping(0.3), tensor<double>(of, 1.0), {0, 1, 0});
  for (const std::size_t distance : std::initializer_list<std::size_t>{1, 2, 8, 16, 64, 50 * 64, 8 * 50 * 64}) {
    double both = 0, count = 0;
    for (std::size_t i = 0; i + distance < y.values.size(); ++i, ++count)
      both += y.values[i] == 0 && y.values[i + distance] == 0 ? 1 : 0;
    INFO("distance " << distance);
    CHECK(std::abs(both / count - 0.09) < 5 * std::sqrt(0.09 * 0.91 / count));
  }
}

TEST_CASE("dropout_channels drops whole channels of images") {
  const shape of(50, 40, 3, 4);
  const auto y = dropped(dropping(0.2, true), tensor<double>(of, 1.0), {0, 3, 1});
  for (std::size_t channel = 0; channel < 2000; ++channel)
    for (std::size_t i = 1; i < 12; ++i) REQUIRE(y.values[channel * 12 + i] == y.values[channel * 12]);
  CHECK(std::abs(share_of_zeros(y) - 0.2) < 4 * std::sqrt(0.16 / 2000));
}

TEST_CASE("a mask follows from seed, step and dropout alone") {
  const shape of(1, 3, 20, 20);
  const tensor<double> ones(of, 1.0);
  std::set<std::vector<double>> masks;
  for (const std::uint64_t seed : std::initializer_list<std::uint64_t>{0, 1, 42})
    for (const std::int64_t step : {1, 2, 3})
      for (const std::int32_t index : {0, 1, 2}) {
        const auto y = dropped(dropping(0.5, false, index), ones, {0, step, seed});
        CHECK(y.values == dropped(dropping(0.5, false, index), ones, {0.5f, step, seed}).values);
        masks.insert(y.values);
      }
  CHECK(masks.size() == 27);
}

TEST_CASE("dropout is its own gradient, in place too") {
  for (const bool channelwise : {false, true}) {
    const shape of(3, 5, 3, 7);
    const auto x = random(of, 1), dy = random(of, 2);
    const step_arguments arguments{0, 5, 9};
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return dropped(dropping(0.3, channelwise), operands[0], arguments);
    };
    const auto dx = dropped(dropping(0.3, channelwise), dy, arguments);
    check_gradient(forward, {x}, 0, dy, dx);
    auto over = dy;
    execute<double>(operation::dropout, dropping(0.3, channelwise), {&over}, {&over}, arguments);
    CHECK(over.values == dx.values);
  }
}

TEST_CASE("what is not finite does not vanish in a dropout") {
  const tensor<double> x(shape(1, 1, 10, 10), std::numeric_limits<double>::infinity());
  const auto y = dropped(dropping(0.5), x, {0, 1, 0});
  for (const double each : y.values) CHECK(!is_finite(each));
}
