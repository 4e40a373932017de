// SPDX-License-Identifier: Apache-2.0
// Group norm by each image's statistics, by given ones, and its gradient.
#include "harness.hpp"

using namespace harness;

namespace {

struct sample {
  shape extents;
  std::int32_t groups;
};

/// Groups that are blocks, parts of blocks, several blocks, and such as cut blocks; instance norms; many and few
/// pixels, images and groups.
std::vector<sample> samples() {
  return {{shape(1, 1, 1, 1), 1},     {shape(3, 6, 5, 7), 2},    {shape(1, 32, 9, 4), 2},  {shape(2, 48, 3, 5), 24},
          {shape(2, 26, 6, 3), 1},    {shape(1, 78, 4, 5), 3},   {shape(2, 19, 7, 7), 19}, {shape(1, 5, 24, 25), 1},
          {shape(2, 33, 2, 5), 11},   {shape(1, 728, 3, 3), 28}, {shape(3, 64, 1, 1), 4},  {shape(1, 3, 61, 67), 3},
          {shape(2, 12, 2, 3, 5), 4}, {shape(1, 40, 3, 1, 2), 5}};
}

std::vector<tensor> joined(std::vector<tensor> first, const std::vector<tensor>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<tensor> scales_of(const sample& of, bool has_scale) {
  const shape channels(of.extents.channels());
  if (!has_scale) return {};
  return {contiguous(channels, 2), contiguous(channels, 3)};
}

shape statistics_of(const sample& of) { return shape(of.extents.batch(), of.groups); }

attributes norm_attributes(const sample& of, activation function, bool has_scale = true, bool adds = false) {
  return {.groups = of.groups, .fused = function, .adds = adds, .has_scale = has_scale, .epsilon = 1e-3, .slope = 0.3};
}

/// A few functions for every sample; all for one whose pixels are more than one turn of a function takes.
std::vector<activation> functions_for(const sample& of) {
  if (of.extents.spatial_elements() < 500 || of.extents.channels() != 5)
    return {activation::none, activation::relu, activation::sigmoid};
  return {activation::none, activation::relu,    activation::leaky_relu,   activation::relu6,
          activation::elu,  activation::sigmoid, activation::hard_sigmoid, activation::hard_swish};
}

single_node group_norm_of(const sample& of, const attributes& attribute, double offset = 0) {
  auto operands = joined({blocked(of.extents, 1, offset - 3, offset + 3)}, scales_of(of, attribute.has_scale));
  if (attribute.adds) operands.push_back(blocked(of.extents, 7, -4, 4));
  return {.op = operation::group_norm,
          .attribute = attribute,
          .operands = operands,
          .results = {blocked_result(of.extents), contiguous_result(statistics_of(of)),
                      contiguous_result(statistics_of(of))}};
}

single_node gradient_of(const sample& of, const attributes& attribute) {
  const shape channels(of.extents.channels());
  auto operands = joined({blocked(of.extents, 1, -3, 3), blocked(of.extents, 6)}, scales_of(of, attribute.has_scale));
  operands.push_back(contiguous(statistics_of(of), 4, -0.5, 0.5));
  operands.push_back(contiguous(statistics_of(of), 5, 0.1, 2));
  std::vector<tensor> results{blocked_result(of.extents)};
  if (attribute.has_scale)
    results = {blocked_result(of.extents), contiguous_result(channels), contiguous_result(channels)};
  return {.op = operation::group_norm_gradient, .attribute = attribute, .operands = operands, .results = results};
}

}  // namespace

TEST_CASE("group norm equals the reference", "[kernels]") {
  int turn = 0;
  for (const sample& of : samples())
    for (const activation function : functions_for(of))
      for (const bool has_scale : {true, false})
        for (const bool adds : {false, true}) {
          const int place = turn++ % (adds ? 3 : 2);  // apart, over x, over the residual
          single_node node = group_norm_of(of, norm_attributes(of, function, has_scale, adds));
          if (place != 0) node.overwritten = place == 1 ? 0 : static_cast<int>(node.operands.size()) - 1;
          INFO(of.groups << " groups, " << name_of(function) << (adds ? " with a residual" : "") << ", place "
                         << place);
          check(node);
        }
}

TEST_CASE("group norm by given statistics equals the reference", "[kernels]") {
  for (const sample& of : samples())
    for (const activation function : functions_for(of))
      for (const bool has_scale : {true, false})
        for (const bool adds : {false, true}) {
          single_node node = group_norm_of(of, norm_attributes(of, function, has_scale, adds));
          node.op = operation::group_norm_given;
          node.results.resize(1);
          const auto behind = node.operands.end() - (adds ? 1 : 0);
          const std::vector<tensor> statistics{contiguous(statistics_of(of), 4, -0.5, 0.5),
                                               contiguous(statistics_of(of), 5, 0.1, 2)};
          node.operands.insert(behind, statistics.begin(), statistics.end());
          if (adds) node.overwritten = static_cast<int>(node.operands.size()) - 1;
          INFO(of.groups << " groups, " << name_of(function) << (adds ? " with a residual" : ""));
          check(node);
        }
}

TEST_CASE("the gradient of group norm equals the reference", "[kernels]") {
  int overwritten = -1;
  for (const sample& of : samples())
    for (const activation function : functions_for(of))
      for (const bool has_scale : {true, false}) {
        overwritten = overwritten == 1 ? -1 : overwritten + 1;
        single_node node = gradient_of(of, norm_attributes(of, function, has_scale));
        node.overwritten = overwritten;
        INFO(of.groups << " groups, " << name_of(function) << ", over operand " << overwritten);
        check(node);
      }
}

TEST_CASE("group norms of very many groups, of many images and of large images equal the reference", "[kernels]") {
  const sample large[] = {{shape(2, 4100, 1, 2), 4100},
                          {shape(1, 8224, 1, 2), 4112},
                          {shape(70, 24, 2, 3), 3},
                          {shape(2, 20, 150, 160), 5}};
  for (const sample& of : large) {
    const attributes attribute = norm_attributes(of, activation::relu);
    check(group_norm_of(of, attribute));
    check(gradient_of(of, attribute));
  }
}

TEST_CASE("statistics of groups are exact far from zero", "[kernels]") {
  const sample of{shape(2, 6, 97, 103), 2};
  const single_node node = group_norm_of(of, norm_attributes(of, activation::none), 1000);
  const auto expected = expected_of(node);
  for (const kernels::isa set : sets()) {
    const auto found = run(node, set, 2);
    CHECK(relative_difference(found[1], expected[1]) < 1e-7);
    CHECK(relative_difference(found[2], expected[2]) < 1e-6);
  }
}

TEST_CASE("an outlier in the first place does not spoil a group's variance", "[kernels]") {
  const sample of{shape(1, 6, 101, 51), 2};
  single_node node = group_norm_of(of, norm_attributes(of, activation::none));
  node.operands[0].values[0] = 5000;
  check(node);
}

TEST_CASE("group norm without epsilon leaves zeros in the padding", "[kernels]") {
  const sample of{shape(1, 6, 4, 5), 2};
  attributes attribute = norm_attributes(of, activation::none, false);
  attribute.epsilon = 0;
  check(group_norm_of(of, attribute));
}
