// SPDX-License-Identifier: Apache-2.0
// The reference resizing against values of PyTorch 2, and its gradient.
#include "harness.hpp"

namespace {
using namespace harness;

std::vector<double> resized(interpolation mode, const tensor<double>& x, const shape& to) {
  attributes attribute;
  attribute.interpolation = mode;
  return evaluate_both(operation::resize, attribute, {x}, {to})[0].values;
}
}  // namespace

TEST_CASE("resize follows PyTorch's conventions in 2-D") {
  const tensor<double> x(shape(1, 1, 2, 3), {1, -2, 4, 0.5, 3, -1});
  const shape up(1, 1, 3, 5), down(1, 1, 1, 2);
  using values = std::vector<double>;
  const auto expect = [&](interpolation mode, const values& greater, const values& smaller) {
    CHECK(relative_difference(resized(mode, x, up), greater) < 1e-12);
    CHECK(relative_difference(resized(mode, x, down), smaller) < 1e-12);
    CHECK(resized(mode, x, x.extents) == x.values);
  };
  expect(interpolation::nearest, {1, 1, -2, -2, 4, 1, 1, -2, -2, 4, 0.5, 0.5, 3, 3, -1}, {1, -2});
  expect(interpolation::linear, {1, -0.2, -2, 1.6, 4, 0.75, 0.65, 0.5, 1.1, 1.5, 0.5, 1.5, 3, 0.6, -1}, {0.6875, 1.25});
  expect(interpolation::linear_align_corners, {1, -0.5, -2, 1, 4, 0.75, 0.625, 0.5, 1, 1.5, 0.5, 1.75, 3, 1, -1},
         {1, 4});
}

TEST_CASE("resize follows PyTorch's conventions in 3-D") {
  const tensor<double> x(shape(1, 1, 2, 2, 2), {1, -2, 4, 0.5, 3, -1, 2, 7});
  const shape to(1, 1, 3, 1, 4);
  const std::vector<double> half_pixel{2.5, 1.6875, 0.0625, -0.75, 2.5, 2.15625, 1.46875, 1.125, 2.5, 2.625, 2.875, 3};
  CHECK(relative_difference(resized(interpolation::linear, x, to), half_pixel) < 1e-12);
  const std::vector<double> corners{1, 0, -1, -2, 2, 5.0 / 6, -1.0 / 3, -1.5, 3, 5.0 / 3, 1.0 / 3, -1};
  CHECK(relative_difference(resized(interpolation::linear_align_corners, x, to), corners) < 1e-12);
}

TEST_CASE("the gradient of resize is that of its forward pass") {
  const std::pair<shape, shape> cases[] = {{shape(3, 5, 3, 7), shape(3, 5, 7, 4)},
                                           {shape(1, 1, 1, 1), shape(1, 1, 3, 5)},
                                           {shape(1, 3, 5, 4), shape(1, 3, 1, 1)},
                                           {shape(2, 3, 3, 5), shape(2, 3, 6, 10)},
                                           {shape(2, 3, 2, 3, 4), shape(2, 3, 3, 2, 9)}};
  for (const auto& [from, to] : cases)
    for (const interpolation mode :
         {interpolation::nearest, interpolation::linear, interpolation::linear_align_corners}) {
      CAPTURE(from.extents, to.extents, static_cast<int>(mode));
      attributes attribute;
      attribute.interpolation = mode;
      const shape& result = to;
      const auto x = random(from, 1), dy = random(to, 2);
      const auto dx = evaluate_both(operation::resize_gradient, attribute, {dy}, {from});
      const auto forward = [&](const std::vector<tensor<double>>& operands) {
        return evaluate<double>(operation::resize, attribute, operands, {result})[0];
      };
      check_gradient(forward, {x}, 0, dy, dx[0]);
    }
}
