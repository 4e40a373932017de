// SPDX-License-Identifier: Apache-2.0
// Max pooling and its gradient: windows apart and overlapping, padded, dilated, with equal values.
#include "tenon/core/finite.hpp"
#include "windows.hpp"

using namespace harness;

namespace {

constexpr window_case windows[] = {{1, 1, 0, 1}, {2, 2, 0, 1}, {3, 2, 1, 1}, {3, 1, 1, 1}, {2, 3, 0, 1},
                                   {2, 1, 1, 2}, {3, 3, 1, 1}, {2, 4, 1, 2}, {3, 2, 2, 2}};

/// Values on a coarse grid, so that many are equal.
tensor with_ties(const shape& extents) {
  tensor x = blocked(extents, 7);
  for (double& value : x.values) value = std::round(value * 3) / 3 * 0.75;
  for (double& value : x.values) value = static_cast<double>(static_cast<float>(value));
  return x;
}

}  // namespace

TEST_CASE("max pooling equals the reference", "[kernels]") {
  const int ran = for_each_window(windows, [](const shape& extents, const attributes& attribute, const shape& pooled) {
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
  });
  CHECK(ran > 60);
}

TEST_CASE("max pooling takes what is not a number for the greatest", "[kernels]") {
  tensor x = blocked(shape(1, 3, 4, 6), 1);
  for (const std::size_t i : {0u, 9u, 23u, 30u}) x.values[i] = std::nan("");
  const attributes attribute = window_attributes(x.extents, {2, 2, 0});
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
    CHECK(is_nan(to.values()[0]));
  }
}
