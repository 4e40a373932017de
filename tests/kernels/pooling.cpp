// SPDX-License-Identifier: Apache-2.0
// Max pooling and its gradient: windows apart and overlapping, padded, dilated, with equal values.
#include "harness.hpp"
#include "tenon/graph/shape_rules.hpp"

using namespace harness;

namespace {

struct window_case {
  int kernel, stride, padding, dilation;
};

constexpr window_case windows[] = {{1, 1, 0, 1}, {2, 2, 0, 1}, {3, 2, 1, 1}, {3, 1, 1, 1}, {2, 3, 0, 1},
                                   {2, 1, 1, 2}, {3, 3, 1, 1}, {2, 4, 1, 2}, {3, 2, 2, 2}};

attributes pooling_attributes(const shape& extents, const window_case& window) {
  attributes made;
  for (std::size_t d = extents.spatial_rank() == 3 ? 0 : 1; d < 3; ++d) {
    made.kernel[d] = window.kernel;
    made.stride[d] = window.stride;
    made.dilation[d] = window.dilation;
    made.padding_begin[d] = made.padding_end[d] = window.padding;
  }
  return made;
}

/// Whether a window fits in the padded image.
bool fits(const shape& extents, const attributes& attribute) {
  for (int d = 0; d < 3; ++d)
    if (padded_extent(extents, attribute, d) < window_extent(attribute, d)) return false;
  return true;
}

/// Values on a coarse grid, so that many are equal.
tensor with_ties(const shape& extents) {
  tensor x = blocked(extents, 7);
  for (double& value : x.values) value = std::round(value * 3) / 3 * 0.75;
  for (double& value : x.values) value = static_cast<double>(static_cast<float>(value));
  return x;
}

}  // namespace

TEST_CASE("max pooling equals the reference", "[kernels]") {
  int ran = 0;
  for (const shape& extents : awkward_shapes())
    for (const window_case& window : windows) {
      const attributes attribute = pooling_attributes(extents, window);
      if (!fits(extents, attribute)) continue;
      const shape pooled = window_shape(extents, attribute, extents.channels());
      check({.op = operation::max_pool,
             .attribute = attribute,
             .operands = {with_ties(extents)},
             .results = {blocked_result(pooled)},
             .tolerance = 0});
      check({.op = operation::max_pool_gradient,
             .attribute = attribute,
             .operands = {with_ties(extents), blocked(pooled, 8)},
             .results = {blocked_result(extents)},
             .tolerance = 1e-6});
      ++ran;
    }
  CHECK(ran > 60);
}

TEST_CASE("max pooling takes what is not a number for the greatest", "[kernels]") {
  tensor x = blocked(shape(1, 3, 4, 6), 1);
  for (const std::size_t i : {0u, 9u, 23u, 30u}) x.values[i] = std::nan("");
  attributes attribute = pooling_attributes(x.extents, {2, 2, 0, 1});
  for (const kernels::isa set : sets()) {
    const single_node of{.op = operation::max_pool,
                         .attribute = attribute,
                         .operands = {x},
                         .results = {blocked_result(shape(1, 3, 2, 3))}};
    const auto expected = expected_of(of);
    placed_tensor from(x, kernels::block_of(set));
    placed_tensor to(shape(1, 3, 2, 3), element_type::float32, layout::blocked, kernels::block_of(set));
    const operand read[] = {from.view()}, written[] = {to.view()};
    with_graph(
        of, [&](const graph_view& graph, const node& made) { kernels::execute(set, graph, made, read, written, {}); });
    CHECK(relative_difference(to.values(), expected[0]) == 0);
    CHECK(std::isnan(to.values()[0]));
  }
}
