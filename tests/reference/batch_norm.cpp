// SPDX-License-Identifier: Apache-2.0
// The reference batch norms against their definition, and their gradients against central differences.
#include "functions.hpp"
#include "harness.hpp"

namespace {

using namespace harness;

struct statistics {
  std::vector<double> mean, variance;
};

// Channel by channel, the values gathered first.
statistics measure(const tensor<double>& x) {
  statistics found;
  for (int c = 0; c < x.extents.channels(); ++c) {
    std::vector<double> values;
    for (std::size_t i = 0; i < x.values.size(); ++i)
      if (static_cast<int>(i / static_cast<std::size_t>(x.extents.spatial_elements())) % x.extents.channels() == c)
        values.push_back(x.values[i]);
    const auto count = static_cast<double>(values.size());
    double mean = 0, variance = 0;
    for (const double each : values) mean += each / count;
    for (const double each : values) variance += (each - mean) * (each - mean) / count;
    found.mean.push_back(mean);
    found.variance.push_back(variance);
  }
  return found;
}

std::vector<double> normalize(const tensor<double>& x, const tensor<double>& scale, const tensor<double>& shift,
                              const statistics& by, const attributes& attribute, const tensor<double>* residual) {
  std::vector<double> y;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const std::size_t c = i / static_cast<std::size_t>(x.extents.spatial_elements()) % scale.values.size();
    const double deviation = std::sqrt(by.variance[c] + attribute.epsilon);
    const double normed = (x.values[i] - by.mean[c]) / deviation * scale.values[c] + shift.values[c];
    y.push_back(function_of(attribute, normed + (residual == nullptr ? 0 : residual->values[i])));
  }
  return y;
}

const shape shapes[] = {shape(3, 5, 3, 5), shape(2, 1, 1, 1), shape(1, 19, 2, 1), shape(3, 3, 2, 1, 3),
                        shape(1, 33, 1, 2)};

attributes norm_attributes(activation fused, bool adds = false) {
  attributes attribute;
  attribute.epsilon = 1e-2;
  attribute.fused = fused;
  attribute.slope = 0.3;
  attribute.adds = adds;
  return attribute;
}

}  // namespace

TEST_CASE("batch norm by given statistics, and its gradient with the statistics as constants") {
  for (const shape& of : shapes)
    for (const activation fused : all_functions) {
      CAPTURE(of.extents, name_of(fused));
      const attributes attribute = norm_attributes(fused);
      const shape channels(of.channels());
      const auto x = random(of, 1), scale = random(channels, 2), shift = random(channels, 3),
                 mean = random(channels, 4), dy = random(of, 6), residual = random(of, 7);
      auto variance = random(channels, 5);
      for (double& each : variance.values) each += 1.25;
      const std::vector<tensor<double>> operands{x, scale, shift, mean, variance};
      const statistics given{mean.values, variance.values};
      const auto y = evaluate_both(operation::batch_norm, attribute, operands, {of});
      CHECK(relative_difference(y[0].values, normalize(x, scale, shift, given, attribute, nullptr)) < 1e-12);
      const auto sum = evaluate_both(operation::batch_norm, norm_attributes(fused, true),
                                     {x, scale, shift, mean, variance, residual}, {of});
      CHECK(relative_difference(sum[0].values, normalize(x, scale, shift, given, attribute, &residual)) < 1e-12);

      const auto forward = [&](const std::vector<tensor<double>>& from) {
        return evaluate<double>(operation::batch_norm, attribute, from, {of})[0];
      };
      const auto found = evaluate_both(operation::batch_norm_frozen_gradient, attribute,
                                       {x, dy, scale, shift, mean, variance}, {of, channels, channels});
      for (std::size_t i = 0; i < 3; ++i) check_gradient(forward, operands, i, dy, found[i]);
    }
}

TEST_CASE("batch norm by the batch's statistics, and its gradient through them") {
  for (const shape& of : shapes)
    for (const activation fused : all_functions) {
      CAPTURE(of.extents, name_of(fused));
      const attributes attribute = norm_attributes(fused);
      const shape channels(of.channels());
      const std::vector<shape> results{of, channels, channels};
      const auto x = random(of, 7), scale = random(channels, 8), shift = random(channels, 9), dy = random(of, 10),
                 residual = random(of, 11);
      const auto y = evaluate_both(operation::batch_norm_training, attribute, {x, scale, shift}, results);
      const statistics expected = measure(x);
      CHECK(relative_difference(y[1].values, expected.mean) < 1e-12);
      CHECK(relative_difference(y[2].values, expected.variance) < 1e-12);
      CHECK(relative_difference(y[0].values, normalize(x, scale, shift, expected, attribute, nullptr)) < 1e-12);
      const auto sum = evaluate_both(operation::batch_norm_training, norm_attributes(fused, true),
                                     {x, scale, shift, residual}, results);
      CHECK(relative_difference(sum[0].values, normalize(x, scale, shift, expected, attribute, &residual)) < 1e-12);

      const auto forward = [&](const std::vector<tensor<double>>& from) {
        return evaluate<double>(operation::batch_norm_training, attribute, from, results)[0];
      };
      const auto found =
          evaluate<double>(operation::batch_norm_gradient, attribute, {x, dy, scale, shift, y[1], y[2]}, results);
      for (std::size_t i = 0; i < 3; ++i) check_gradient(forward, {x, scale, shift}, i, dy, found[i]);
    }
}

TEST_CASE("batch norms work in place") {
  const shape of(2, 3, 4, 5), channels(3);
  const attributes attribute = norm_attributes(activation::relu);
  auto x = random(of, 1), dy = random(of, 2), scale = random(channels, 3), shift = random(channels, 4);
  tensor<double> mean(channels), variance(channels), dscale(channels), dshift(channels);
  const auto apart =
      evaluate<double>(operation::batch_norm_training, attribute, {x, scale, shift}, {of, channels, channels});
  auto y = x;
  execute<double>(operation::batch_norm_training, attribute, {&y, &scale, &shift}, {&y, &mean, &variance});
  CHECK(y.values == apart[0].values);
  y = x;
  execute<double>(operation::batch_norm, attribute, {&y, &scale, &shift, &mean, &variance}, {&y});
  CHECK(y.values == apart[0].values);
  const auto sum = evaluate<double>(operation::batch_norm, norm_attributes(activation::relu, true),
                                    {x, scale, shift, mean, variance, dy}, {of});
  y = dy;
  execute<double>(operation::batch_norm, norm_attributes(activation::relu, true),
                  {&x, &scale, &shift, &mean, &variance, &y}, {&y});
  CHECK(y.values == sum[0].values);
  for (const operation op : {operation::batch_norm_gradient, operation::batch_norm_frozen_gradient}) {
    const auto gradients =
        evaluate<double>(op, attribute, {x, dy, scale, shift, mean, variance}, {of, channels, channels});
    for (const bool over_x : {false, true}) {
      auto from = x, arriving = dy;
      auto& to = over_x ? from : arriving;
      execute<double>(op, attribute, {&from, &arriving, &scale, &shift, &mean, &variance}, {&to, &dscale, &dshift});
      CHECK(to.values == gradients[0].values);
      CHECK(dscale.values == gradients[1].values);
      CHECK(dshift.values == gradients[2].values);
    }
  }
}
