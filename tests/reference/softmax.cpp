// SPDX-License-Identifier: Apache-2.0
// Softmax over channels, and its gradient.
#include "harness.hpp"

namespace {
using namespace harness;
const shape shapes[] = {shape(1, 1, 1, 1), shape(3, 5, 3, 7), shape(2, 19, 2, 1, 3)};
}  // namespace

TEST_CASE("softmax shares 1 among the channels of each pixel") {
  for (const shape& of : shapes) {
    auto x = random(of, 1);
    const auto y = evaluate_both(operation::softmax, {}, {x}, {of});
    const auto channels = static_cast<std::size_t>(of.channels());
    const auto size = static_cast<std::size_t>(of.spatial_elements());
    for (std::size_t image = 0; image < static_cast<std::size_t>(of.batch()); ++image)
      for (std::size_t pixel = 0; pixel < size; ++pixel) {
        const std::size_t first = image * channels * size + pixel;
        double sum = 0, exponentials = 0;
        for (std::size_t c = 0; c < channels; ++c) {
          sum += y[0].values[first + c * size];
          exponentials += std::exp(x.values[first + c * size]);
        }
        CHECK(sum == Approx(1).epsilon(1e-12));
        CHECK(y[0].values[first] == Approx(std::exp(x.values[first]) / exponentials).epsilon(1e-12));
      }
    execute<double>(operation::softmax, {}, {&x}, {&x});
    CHECK(x.values == y[0].values);
  }
}

TEST_CASE("softmax of great values is finite") {
  const tensor<double> x(shape(1, 3, 1, 1), {1000, 999, -1000});
  const auto y = evaluate_both(operation::softmax, {}, {x}, {x.extents});
  CHECK(y[0].values[0] == Approx(1 / (1 + std::exp(-1.0))));
  CHECK(y[0].values[2] == 0);
}

TEST_CASE("the gradient of softmax is that of central differences, in place too") {
  for (const shape& of : shapes) {
    const auto x = random(of, 1), dy = random(of, 2);
    const auto y = evaluate<double>(operation::softmax, {}, {x}, {of});
    const auto dx = evaluate_both(operation::softmax_gradient, {}, {y[0], dy}, {of});
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::softmax, {}, operands, {of})[0];
    };
    if (of.channels() > 1) check_gradient(forward, {x}, 0, dy, dx[0]);
    for (const bool over_dy : {false, true}) {
      auto first = y[0], second = dy;
      tensor<double>& over = over_dy ? second : first;
      execute<double>(operation::softmax_gradient, {}, {&first, &second}, {&over});
      CHECK(over.values == dx[0].values);
    }
  }
}
