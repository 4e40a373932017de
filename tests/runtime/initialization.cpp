// SPDX-License-Identifier: Apache-2.0
// First values: their spread as He's and Xavier's rules say, PyTorch's fans, and the same for the same seed.
#include "tenon/runtime/initialization.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "tenon/backends/reference/resize.hpp"
#include "tenon/backends/reference/transposed_convolution.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/runtime/parameter_store.hpp"

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

operand over(std::vector<float>& values, const shape& extents) {
  return {reinterpret_cast<std::byte*>(values.data()), extents, element_type::float32, layout::contiguous};
}

/// Enlarges by a transposed convolution with its first weights and by linear interpolation, which have to agree where
/// no border is seen.
void check_enlargement(const shape& from, int factor, bool dense) {
  CAPTURE(from.extents, factor, dense);
  shape to = from, weight_extents = from;
  weight_extents[0] = from.channels();
  weight_extents[1] = dense ? from.channels() : 1;
  attributes attribute;
  attribute.groups = dense ? 1 : from.channels();
  for (int d = 3 - from.spatial_rank(); d < 3; ++d) {
    const auto i = static_cast<std::size_t>(d);
    attribute.kernel[i] = 2 * factor - factor % 2;
    attribute.stride[i] = factor;
    attribute.padding_begin[i] = attribute.padding_end[i] = factor / 2;
    weight_extents.set_spatial(d, attribute.kernel[i]);
    to.set_spatial(d, factor * from.spatial(d));
  }
  const auto count = [](const shape& of) { return static_cast<std::size_t>(of.elements()); };
  std::vector<float> x = filled(from, initializer::he_normal, 3),
                     weights = filled(weight_extents, initializer::bilinear);
  std::vector<float> found(count(to)), expected(count(to));
  const operand convolved[] = {over(x, from), over(weights, weight_extents)}, y[] = {over(found, to)};
  reference::transposed_convolution<float>(attribute, convolved, y);
  attributes linear;
  linear.interpolation = interpolation::linear;
  const operand resized[] = {over(x, from)}, wanted[] = {over(expected, to)};
  reference::resize<float>(linear, resized, wanted);
  int inside = 0;
  for (std::int64_t i = 0; i < to.elements(); ++i) {
    const std::int64_t pixel = i % to.spatial_elements();
    const std::int64_t at[] = {pixel / (to.spatial(1) * to.spatial(2)), pixel / to.spatial(2) % to.spatial(1),
                               pixel % to.spatial(2)};
    bool sees_no_border = true;
    for (int d = 3 - from.spatial_rank(); d < 3; ++d)
      sees_no_border = sees_no_border && at[d] >= factor / 2 && at[d] < to.spatial(d) - factor / 2;
    if (!sees_no_border) continue;
    ++inside;
    CHECK(found[static_cast<std::size_t>(i)] == Approx(expected[static_cast<std::size_t>(i)]).margin(1e-5));
  }
  CHECK(inside > 20);
}

}  // namespace

TEST_CASE("a transposed convolution that begins bilinear interpolates linearly") {
  for (const int factor : {2, 3, 4})
    for (const bool dense : {false, true}) {
      check_enlargement(shape(2, 3, 5, 4), factor, dense);
      check_enlargement(shape(1, 2, 3, 4, 3), factor, dense);
    }
}

TEST_CASE("a rule for all weights leaves those alone that are not random") {
  using namespace tenon::layers;
  const auto net = conv2d<4>{} >> prelu{} >> conv_transpose2d<4, kernel<4>, stride<2>, padding<1>, bilinear>{};
  const shape input(1, 3, 8, 8);
  const builder lowered = lower<1>(net, {&input, 1});
  std::vector<parameter_description> list;
  for (const node& each : lowered.graph.nodes) {
    if (each.op != operation::parameter) continue;
    const value& made = lowered.graph.values[static_cast<std::size_t>(each.results[0])];
    list.push_back({lowered.graph.view().text(each.scope), made.extents, true, each.attribute.initial});
  }
  parameter_store store(parameter_table{list, {}});
  store.start(initialize(7, initializer::xavier_uniform));
  const auto fan = static_cast<double>(3 + 4);
  for (const float value : store.find("0.weight").values) CHECK(std::abs(value) <= std::sqrt(6 / fan));
  for (const float value : store.find("1.weight").values) CHECK(value == 0.25f);
  CHECK(store.find("2.weight").values[0] == 0.0625f);
  for (const float value : store.find("2.bias").values) CHECK(value == 0);
}

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
