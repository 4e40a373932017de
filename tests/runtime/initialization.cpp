// SPDX-License-Identifier: Apache-2.0
// First values: their spread as He's and Xavier's rules say, PyTorch's fans, and the same for the same seed.
#include "tenon/runtime/initialization.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace tenon;

namespace {

struct spread {
  double mean = 0, deviation = 0, greatest = 0;
};

std::vector<float> filled(const shape& extents, initializer rule, std::uint64_t seed = 5) {
  std::vector<float> values(static_cast<std::size_t>(extents.elements()));
  fill_initial(values, extents, rule, seed);
  return values;
}

spread spread_of(const std::vector<float>& values) {
  spread found;
  for (const float value : values) found.mean += static_cast<double>(value) / static_cast<double>(values.size());
  for (const float value : values) {
    const double off = static_cast<double>(value) - found.mean;
    found.deviation += off * off / static_cast<double>(values.size());
    found.greatest = std::max(found.greatest, std::abs(static_cast<double>(value)));
  }
  found.deviation = std::sqrt(found.deviation);
  return found;
}

}  // namespace

TEST_CASE("weights spread as their rule says") {
  const shape weights(96, 64, 3, 5);  // fan in 64 * 15, fan out 96 * 15
  const double in = 64 * 15, out = 96 * 15;
  const struct {
    initializer rule;
    double deviation, greatest;  // 0: unbounded
  } expected[] = {{initializer::he_normal, std::sqrt(2 / in), 0},
                  {initializer::he_uniform, std::sqrt(2 / in), std::sqrt(6 / in)},
                  {initializer::xavier_normal, std::sqrt(2 / (in + out)), 0},
                  {initializer::xavier_uniform, std::sqrt(2 / (in + out)), std::sqrt(6 / (in + out))}};
  for (const auto& rule : expected) {
    CAPTURE(static_cast<int>(rule.rule));
    const spread found = spread_of(filled(weights, rule.rule));
    CHECK(std::abs(found.mean) < 0.01 * rule.deviation);
    CHECK(found.deviation == Approx(rule.deviation).epsilon(0.01));
    if (rule.greatest > 0) {
      CHECK(found.greatest <= rule.greatest * (1 + 1e-6));
      CHECK(found.greatest > 0.99 * rule.greatest);
    } else {
      CHECK(found.greatest > 3.5 * rule.deviation);
    }
  }
}

TEST_CASE("a seed gives the same bits, another seed others") {
  const shape weights(4, 3, 3, 3);
  CHECK(filled(weights, initializer::he_normal, 1) == filled(weights, initializer::he_normal, 1));
  CHECK(filled(weights, initializer::he_normal, 1) != filled(weights, initializer::he_normal, 2));
}

TEST_CASE("constants are constants") {
  for (const float value : filled(shape(7), initializer::ones)) CHECK(value == 1.0f);
  for (const float value : filled(shape(7), initializer::zeros)) CHECK(value == 0.0f);
}
