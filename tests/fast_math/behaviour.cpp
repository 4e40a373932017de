// SPDX-License-Identifier: Apache-2.0
// What a user sees with -Ofast, and with flags that are parts of it: functions are as right as without, and what is not
// finite is refused.
#include "behaviour.hpp"

using namespace fast_math;

namespace {

inline constexpr auto logistic = sigmoid{};
inline constexpr auto shares = softmax{};
inline constexpr auto exponential_unit = elu<>{};

}  // namespace

TEST_CASE("functions are right under fast-math flags") {
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

TEST_CASE("what is not finite is refused under fast-math flags") { check_refusals<tenon::backend::onednn>(); }
