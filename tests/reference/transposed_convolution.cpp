// SPDX-License-Identifier: Apache-2.0
// The reference transposed convolution against direct loops, and its gradients against central differences.
#include "windows.hpp"

namespace {

using namespace harness;

// The transposed convolution's input is the window's grid, its result the image.
tensor<double> direct(const window_case& of, const tensor<double>& x, const tensor<double>& w,
                      const tensor<double>& bias) {
  tensor<double> y(of.image);
  for (std::size_t i = 0; i < y.values.size(); ++i)
    y.values[i] = bias.values[i / static_cast<std::size_t>(y.extents.spatial_elements()) % bias.values.size()];
  for_each_product(of, [&](int n, int channel, int o, int c, extent3 to, extent3 from, extent3 tap) {
    for (std::size_t k = 0; k < 3; ++k)
      if (to[k] < 0 || to[k] >= of.image.spatial(static_cast<int>(k))) return;
    y.values[y.index(n, channel, to[0], to[1], to[2])] +=
        x.at(n, o, from[0], from[1], from[2]) * w.at(o, c, tap[0], tap[1], tap[2]);
  });
  return y;
}

}  // namespace

TEST_CASE("a transposed convolution spreads its input") {
  for (window_case of : window_cases()) {
    const auto x = random(of.grid(), 1), w = random(of.weights(), 2), b = random(shape(of.image.channels()), 3);
    CAPTURE(of.image.extents, of.grid_channels, of.attribute.groups, of.attribute.kernel);
    const auto plain = evaluate_both(operation::transposed_convolution, of.attribute, {x, w}, {of.image});
    CHECK(relative_difference(plain[0].values, direct(of, x, w, tensor<double>(shape(1))).values) < 1e-12);
    of.attribute.has_bias = true;
    of.attribute.fused = activation::relu;
    const auto biased = evaluate_both(operation::transposed_convolution, of.attribute, {x, w, b}, {of.image});
    auto expected = direct(of, x, w, b);
    for (double& each : expected.values) each = std::max(each, 0.0);
    CHECK(relative_difference(biased[0].values, expected.values) < 1e-12);
  }
}

TEST_CASE("the gradients of a transposed convolution are those of its forward pass") {
  for (window_case of : window_cases()) {
    CAPTURE(of.image.extents, of.grid_channels, of.attribute.groups, of.attribute.kernel);
    of.attribute.has_bias = true;
    const shape bias(of.image.channels());
    const auto x = random(of.grid(), 1), w = random(of.weights(), 2), b = random(bias, 3), dy = random(of.image, 4);
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::transposed_convolution, of.attribute, operands, {of.image})[0];
    };
    const auto dx = evaluate_both(operation::transposed_convolution_data_gradient, of.attribute, {dy, w}, {of.grid()});
    check_gradient(forward, {x, w, b}, 0, dy, dx[0]);
    const auto dw =
        evaluate_both(operation::transposed_convolution_weight_gradient, of.attribute, {x, dy}, {of.weights(), bias});
    check_gradient(forward, {x, w, b}, 1, dy, dw[0]);
    check_gradient(forward, {x, w, b}, 2, dy, dw[1]);
  }
}
