// SPDX-License-Identifier: Apache-2.0
// The reference convolution against direct loops, and its gradients against central differences.
#include "windows.hpp"

namespace {

using namespace harness;

tensor<double> direct(const window_case& of, const tensor<double>& x, const tensor<double>& w,
                      const tensor<double>& bias) {
  tensor<double> y(of.grid());
  for (std::size_t i = 0; i < y.values.size(); ++i)
    y.values[i] = bias.values[i / static_cast<std::size_t>(y.extents.spatial_elements()) % bias.values.size()];
  for_each_product(of, [&](int n, int i, int o, int c, extent3 from, extent3 to, extent3 tap) {
    y.values[y.index(n, o, to[0], to[1], to[2])] +=
        x.at(n, i, from[0], from[1], from[2]) * w.at(o, c, tap[0], tap[1], tap[2]);
  });
  return y;
}

}  // namespace

TEST_CASE("a convolution is the sum over its window") {
  for (window_case of : window_cases()) {
    const auto x = random(of.image, 1), w = random(of.weights(), 2), b = random(shape(of.grid_channels), 3);
    CAPTURE(of.image.extents, of.grid_channels, of.attribute.groups, of.attribute.kernel);
    const auto plain = evaluate_both(operation::convolution, of.attribute, {x, w}, {of.grid()});
    CHECK(relative_difference(plain[0].values, direct(of, x, w, tensor<double>(shape(1))).values) < 1e-12);
    of.attribute.has_bias = true;
    const auto biased = evaluate_both(operation::convolution, of.attribute, {x, w, b}, {of.grid()});
    CHECK(relative_difference(biased[0].values, direct(of, x, w, b).values) < 1e-12);
  }
}

TEST_CASE("a convolution that is worked in several strips is the same sum") {
  const window_case of = window_of(shape(2, 33, 50, 48), 2, 1, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1});
  const auto x = random(of.image, 1), w = random(of.weights(), 2), dy = random(of.grid(), 3);
  REQUIRE(of.weights().elements() / 2 * 50 * 48 > (std::int64_t{1} << 19));
  const auto y = evaluate<double>(operation::convolution, of.attribute, {x, w}, {of.grid()});
  CHECK(relative_difference(y[0].values, direct(of, x, w, tensor<double>(shape(1))).values) < 1e-12);
  // <dy, conv(x, w)> is linear in x and in w, so that each gradient gives the same product back.
  const auto product = [](const tensor<double>& a, const tensor<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
    return sum;
  };
  const double expected = product(dy, y[0]);
  const auto dx = evaluate<double>(operation::convolution_data_gradient, of.attribute, {dy, w}, {of.image});
  const auto dw = evaluate<double>(operation::convolution_weight_gradient, of.attribute, {x, dy}, {of.weights()});
  CHECK(product(dx[0], x) == Approx(expected).epsilon(1e-9));
  CHECK(product(dw[0], w) == Approx(expected).epsilon(1e-9));
}

TEST_CASE("a convolution applies a folded norm, then the activation") {
  window_case of = window_of(shape(2, 3, 5, 4), 5, 1, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1});
  of.attribute.folds_norm = true;
  of.attribute.epsilon = 1e-3;
  const auto x = random(of.image, 1), w = random(of.weights(), 2), b = random(shape(5), 3), scale = random(shape(5), 4),
             shift = random(shape(5), 5), mean = random(shape(5), 6);
  auto variance = random(shape(5), 7);
  for (double& each : variance.values) each = 1.5 + each;
  for (const bool has_bias : {false, true})
    for (const activation fused : {activation::none, activation::relu}) {
      of.attribute.has_bias = has_bias;
      of.attribute.fused = fused;
      std::vector<tensor<double>> operands{x, w};
      if (has_bias) operands.push_back(b);
      for (const auto& each : {scale, shift, mean, variance}) operands.push_back(each);
      const auto found = evaluate_both(operation::convolution, of.attribute, operands, {of.grid()});
      auto expected = direct(of, x, w, has_bias ? b : tensor<double>(shape(1)));
      for (std::size_t i = 0; i < expected.values.size(); ++i) {
        const std::size_t c = i / 20 % 5;
        double& y = expected.values[i];
        y = (y - mean.values[c]) * scale.values[c] / std::sqrt(variance.values[c] + 1e-3) + shift.values[c];
        if (fused == activation::relu && y < 0) y = 0;
      }
      CHECK(relative_difference(found[0].values, expected.values) < 1e-12);
    }
}

TEST_CASE("the gradients of a convolution are those of its forward pass") {
  for (window_case of : window_cases()) {
    CAPTURE(of.image.extents, of.grid_channels, of.attribute.groups, of.attribute.kernel);
    of.attribute.has_bias = true;
    const auto x = random(of.image, 1), w = random(of.weights(), 2), b = random(shape(of.grid_channels), 3),
               dy = random(of.grid(), 4);
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::convolution, of.attribute, operands, {of.grid()})[0];
    };
    const auto dx = evaluate_both(operation::convolution_data_gradient, of.attribute, {dy, w}, {of.image});
    check_gradient(forward, {x, w, b}, 0, dy, dx[0]);
    const auto dw = evaluate_both(operation::convolution_weight_gradient, of.attribute, {x, dy},
                                  {of.weights(), shape(of.grid_channels)});
    check_gradient(forward, {x, w, b}, 1, dy, dw[0]);
    check_gradient(forward, {x, w, b}, 2, dy, dw[1]);
    of.attribute.has_bias = false;
    const auto alone = evaluate<double>(operation::convolution_weight_gradient, of.attribute, {x, dy}, {of.weights()});
    CHECK(alone[0].values == dw[0].values);
  }
}
