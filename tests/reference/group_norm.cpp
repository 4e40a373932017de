// SPDX-License-Identifier: Apache-2.0
// The reference group norms against their definition, and their gradients against central differences.
#include "functions.hpp"
#include "harness.hpp"

namespace {

using namespace harness;

struct sample {
  shape extents;
  std::int32_t groups;
};

// One group, groups of several channels, and of one channel each: an instance norm.
const sample samples[] = {{shape(3, 6, 3, 5), 2},     {shape(2, 4, 1, 2), 1},  {shape(1, 5, 2, 3), 5},
                          {shape(2, 12, 2, 1, 3), 4}, {shape(1, 33, 1, 2), 3}, {shape(2, 3, 2, 1, 2), 3}};

attributes norm_attributes(const sample& of, activation fused, bool has_scale, bool adds = false) {
  attributes attribute;
  attribute.epsilon = 1e-2;
  attribute.groups = of.groups;
  attribute.fused = fused;
  attribute.slope = 0.3;
  attribute.has_scale = has_scale;
  attribute.adds = adds;
  return attribute;
}

// Element i is of group i / (elements / groups), counted over all images.
struct statistics {
  std::vector<double> mean, variance;
};

statistics measure(const tensor<double>& x, std::int32_t groups) {
  const std::size_t parts = static_cast<std::size_t>(x.extents.batch() * groups), size = x.values.size() / parts;
  statistics found;
  for (std::size_t part = 0; part < parts; ++part) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < size; ++i) mean += x.values[part * size + i] / static_cast<double>(size);
    for (std::size_t i = 0; i < size; ++i)
      variance += std::pow(x.values[part * size + i] - mean, 2) / static_cast<double>(size);
    found.mean.push_back(mean);
    found.variance.push_back(variance);
  }
  return found;
}

std::vector<double> normalize(const tensor<double>& x, const std::vector<tensor<double>>& scales, const statistics& by,
                              const attributes& attribute, const tensor<double>* residual) {
  const std::size_t size = x.values.size() / by.mean.size();
  const auto pixels = static_cast<std::size_t>(x.extents.spatial_elements());
  std::vector<double> y;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const std::size_t c = i / pixels % static_cast<std::size_t>(x.extents.channels());
    double normed = (x.values[i] - by.mean[i / size]) / std::sqrt(by.variance[i / size] + attribute.epsilon);
    if (!scales.empty()) normed = normed * scales[0].values[c] + scales[1].values[c];
    y.push_back(function_of(attribute, normed + (residual == nullptr ? 0 : residual->values[i])));
  }
  return y;
}

std::vector<tensor<double>> joined(std::vector<tensor<double>> first, const std::vector<tensor<double>>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

TEST_CASE("group norm, and its gradient through the statistics") {
  for (const sample& of : samples)
    for (const activation fused : all_functions)
      for (const bool has_scale : {true, false}) {
        CAPTURE(of.extents.extents, of.groups, name_of(fused), has_scale);
        const attributes attribute = norm_attributes(of, fused, has_scale);
        const shape channels(of.extents.channels()), groups(of.extents.batch(), of.groups);
        const auto x = random(of.extents, 1), dy = random(of.extents, 2), residual = random(of.extents, 3);
        std::vector<tensor<double>> scales;
        if (has_scale) scales = {random(channels, 4), random(channels, 5)};
        const std::vector<shape> results{of.extents, groups, groups};
        const auto y = evaluate_both(operation::group_norm, attribute, joined({x}, scales), results);
        const statistics expected = measure(x, of.groups);
        CHECK(relative_difference(y[1].values, expected.mean) < 1e-12);
        CHECK(relative_difference(y[2].values, expected.variance) < 1e-12);
        CHECK(relative_difference(y[0].values, normalize(x, scales, expected, attribute, nullptr)) < 1e-12);
        const auto sum = evaluate_both(operation::group_norm, norm_attributes(of, fused, has_scale, true),
                                       joined(joined({x}, scales), {residual}), results);
        CHECK(relative_difference(sum[0].values, normalize(x, scales, expected, attribute, &residual)) < 1e-12);

        const auto forward = [&](const std::vector<tensor<double>>& from) {
          return evaluate<double>(operation::group_norm, attribute, from, results)[0];
        };
        std::vector<shape> gradients{of.extents};
        if (has_scale) gradients = {of.extents, channels, channels};
        const auto found = evaluate<double>(operation::group_norm_gradient, attribute,
                                            joined(joined({x, dy}, scales), {y[1], y[2]}), gradients);
        for (std::size_t i = 0; i < gradients.size(); ++i)
          check_gradient(forward, joined({x}, scales), i, dy, found[i]);
      }
}

TEST_CASE("group norm by given statistics") {
  for (const sample& of : samples)
    for (const bool has_scale : {true, false})
      for (const bool adds : {false, true}) {
        CAPTURE(of.extents.extents, of.groups, has_scale, adds);
        const attributes attribute = norm_attributes(of, activation::hard_swish, has_scale, adds);
        const shape channels(of.extents.channels()), groups(of.extents.batch(), of.groups);
        const auto x = random(of.extents, 1), mean = random(groups, 2), residual = random(of.extents, 3);
        auto variance = random(groups, 4);
        for (double& each : variance.values) each += 1.25;
        std::vector<tensor<double>> scales;
        if (has_scale) scales = {random(channels, 5), random(channels, 6)};
        auto operands = joined(joined({x}, scales), {mean, variance});
        if (adds) operands.push_back(residual);
        const auto y = evaluate_both(operation::group_norm_given, attribute, operands, {of.extents});
        const auto expected =
            normalize(x, scales, {mean.values, variance.values}, attribute, adds ? &residual : nullptr);
        CHECK(relative_difference(y[0].values, expected) < 1e-12);
      }
}

TEST_CASE("group norms work in place") {
  const sample of{shape(2, 6, 3, 4), 3};
  const attributes adding = norm_attributes(of, activation::relu, true, true);
  const attributes attribute = norm_attributes(of, activation::relu, true);
  const shape channels(6), groups(2, 3);
  auto x = random(of.extents, 1), other = random(of.extents, 2), scale = random(channels, 3),
       shift = random(channels, 4);
  tensor<double> mean(groups), variance(groups), dscale(channels), dshift(channels);
  const auto apart =
      evaluate<double>(operation::group_norm, adding, {x, scale, shift, other}, {of.extents, groups, groups});
  for (const bool over_x : {false, true}) {
    auto from = x, residual = other;
    execute<double>(operation::group_norm, adding, {&from, &scale, &shift, &residual},
                    {over_x ? &from : &residual, &mean, &variance});
    CHECK((over_x ? from : residual).values == apart[0].values);
    from = x;
    residual = other;
    execute<double>(operation::group_norm_given, adding, {&from, &scale, &shift, &mean, &variance, &residual},
                    {over_x ? &from : &residual});
    CHECK((over_x ? from : residual).values == apart[0].values);
  }
  const auto gradients = evaluate<double>(operation::group_norm_gradient, attribute,
                                          {x, other, scale, shift, mean, variance}, {of.extents, channels, channels});
  for (const bool over_x : {false, true}) {
    auto from = x, arriving = other;
    auto& to = over_x ? from : arriving;
    execute<double>(operation::group_norm_gradient, attribute, {&from, &arriving, &scale, &shift, &mean, &variance},
                    {&to, &dscale, &dshift});
    CHECK(to.values == gradients[0].values);
    CHECK(dscale.values == gradients[1].values);
    CHECK(dshift.values == gradients[2].values);
  }
}
