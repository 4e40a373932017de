// SPDX-License-Identifier: Apache-2.0
// The reference max pooling against a direct search, ties, and its gradient.
#include "windows.hpp"

namespace {

using namespace harness;

tensor<double> direct(const window_case& of, const tensor<double>& x) {
  tensor<double> y(of.grid(), -std::numeric_limits<double>::infinity());
  window_case depthwise = of;
  depthwise.attribute.groups = of.image.channels();
  for_each_product(depthwise, [&](int n, int c, int, int, extent3 from, extent3 to, extent3) {
    for (std::size_t k = 0; k < 3; ++k)
      if (from[k] < 0 || from[k] >= of.image.spatial(static_cast<int>(k))) return;
    double& greatest = y.values[y.index(n, c, to[0], to[1], to[2])];
    greatest = std::max(greatest, x.at(n, c, from[0], from[1], from[2]));
  });
  return y;
}

std::vector<window_case> pooling_cases() {
  const extent3 one{1, 1, 1}, none{0, 0, 0};
  return {window_of(shape(1, 1, 1, 1), 1, 1, one, one, one, none),
          window_of(shape(3, 5, 7, 9), 5, 1, {1, 2, 2}, {1, 2, 2}, one, none),
          window_of(shape(2, 19, 5, 6), 19, 1, {1, 3, 3}, {1, 2, 2}, one, {0, 1, 1}),
          window_of(shape(1, 3, 6, 7), 3, 1, {1, 3, 2}, {1, 1, 3}, {1, 2, 1}, {0, 1, 1}),
          window_of(shape(3, 3, 4, 5, 3), 3, 1, {2, 2, 2}, {2, 2, 2}, one, none),
          window_of(shape(1, 33, 3, 3, 3), 33, 1, {3, 3, 3}, {1, 2, 2}, one, {1, 1, 1})};
}

}  // namespace

TEST_CASE("max pooling finds the greatest, and its gradient goes there") {
  for (const window_case& of : pooling_cases()) {
    CAPTURE(of.image.extents, of.attribute.kernel);
    // All negative, so that a padding of zeros would be noticed.
    auto x = random(of.image, 1);
    for (double& each : x.values) each -= 2;
    const auto y = evaluate_both(operation::max_pool, of.attribute, {x}, {of.grid()});
    CHECK(y[0].values == direct(of, x).values);
    const auto dy = random(of.grid(), 2);
    const auto dx = evaluate_both(operation::max_pool_gradient, of.attribute, {x, dy}, {of.image});
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::max_pool, of.attribute, operands, {of.grid()})[0];
    };
    check_gradient(forward, {x}, 0, dy, dx[0]);
  }
}

TEST_CASE("of equals the first takes a pooling's gradient") {
  const window_case of = window_of(shape(1, 1, 2, 4), 1, 1, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0});
  const tensor<double> x(of.image, {0, 7, 5, 5, 7, 7, 5, 5}), dy(of.grid(), {3, 4});
  const auto dx = evaluate<double>(operation::max_pool_gradient, of.attribute, {x, dy}, {of.image});
  CHECK(dx[0].values == std::vector<double>{0, 3, 4, 0, 0, 0, 0, 0});
}

TEST_CASE("overlapping windows add up their gradients") {
  const window_case of = window_of(shape(1, 1, 1, 4), 1, 1, {1, 1, 3}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0});
  const tensor<double> x(of.image, {0, 1, 9, 2}), dy(of.grid(), {3, 4});
  const auto dx = evaluate<double>(operation::max_pool_gradient, of.attribute, {x, dy}, {of.image});
  CHECK(dx[0].values == std::vector<double>{0, 0, 7, 0});
}
