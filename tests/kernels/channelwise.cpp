// SPDX-License-Identifier: Apache-2.0
// PReLU and products with one pixel an image, and their gradients.
#include "harness.hpp"
#include "tenon/core/finite.hpp"

using namespace harness;

TEST_CASE("prelu and its gradient equal the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(3, 19, 61, 67));
  shapes.push_back(shape(1, 2100, 3, 1));  // more blocks than parts of a sum
  for (const shape& extents : shapes)
    for (const std::int32_t slopes : {extents.channels(), 1}) {
      const tensor x = blocked(extents, 1), slope = contiguous(shape(slopes), 3);
      for (int overwritten = -1; overwritten < 1; ++overwritten)
        check({.op = operation::prelu,
               .operands = {x, slope},
               .results = {blocked_result(extents)},
               .overwritten = overwritten});
      for (int overwritten = -1; overwritten < 2; ++overwritten)
        check({.op = operation::prelu_gradient,
               .operands = {x, blocked(extents, 2), slope},
               .results = {blocked_result(extents), contiguous_result(shape(slopes))},
               .overwritten = overwritten});
    }
}

TEST_CASE("products with one pixel an image equal the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(3, 19, 61, 67));
  for (const shape& extents : shapes) {
    shape pixel = extents;
    for (int i = 2; i < extents.rank; ++i) pixel[i] = 1;
    const tensor a = blocked(extents, 1);
    for (int overwritten = -1; overwritten < 1; ++overwritten)
      check({.op = operation::multiply,
             .operands = {a, blocked(pixel, 2)},
             .results = {blocked_result(extents)},
             .overwritten = overwritten});
    check(
        {.op = operation::multiply_gradient, .operands = {a, blocked(extents, 2)}, .results = {blocked_result(pixel)}});
  }
}

TEST_CASE("what prelu and products make of no number is none", "[kernels]") {
  tensor x = blocked(shape(1, 3, 2, 3), 1);
  x.values[4] = std::nan("");
  for (const kernels::isa set : sets()) {
    single_node of{
        .op = operation::prelu, .operands = {x, contiguous(shape(3), 2)}, .results = {blocked_result(x.extents)}};
    std::vector<placed_tensor> placed;
    placed.emplace_back(x, kernels::block_of(set));
    placed.emplace_back(of.operands[1], kernels::block_of(set));
    placed.emplace_back(x.extents, x.type, x.arrangement, kernels::block_of(set));
    const operand read[] = {placed[0].view(), placed[1].view()}, written[] = {placed[2].view()};
    with_graph(
        of, [&](const graph_view& graph, const node& made) { kernels::execute(set, graph, made, read, written, {}); });
    CHECK(is_nan(placed[2].values()[4]));
    CHECK(placed[2].padding_is_zero());
  }
}
