// SPDX-License-Identifier: Apache-2.0
// Activations, sums, products and mean square.
#include "harness.hpp"
#include "tenon/core/finite.hpp"

using namespace harness;

TEST_CASE("pointwise kernels equal the reference", "[kernels]") {
  for (const shape& extents : awkward_shapes())
    for (int overwritten = -1; overwritten < 2; ++overwritten) {
      const tensor a = blocked(extents, 1), b = blocked(extents, 2);
      const std::vector<tensor> result = {blocked_result(extents)};
      if (overwritten < 1)
        check({.op = operation::activation,
               .attribute = {.fused = activation::relu},
               .operands = {a},
               .results = result,
               .overwritten = overwritten});
      check({.op = operation::add, .operands = {a, b}, .results = result, .overwritten = overwritten});
      check({.op = operation::activation_gradient,
             .attribute = {.fused = activation::relu},
             .operands = {a, b},
             .results = result,
             .overwritten = overwritten});
      check({.op = operation::mean_square_gradient,
             .attribute = {.scale = 0.4},
             .operands = {a, b},
             .results = result,
             .overwritten = overwritten});
    }
}

TEST_CASE("all activations and their gradients equal the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(2, 1, 61, 67));
  for (const shape& extents : shapes)
    for (const activation function : {activation::leaky_relu, activation::relu6, activation::elu, activation::sigmoid,
                                      activation::hard_sigmoid, activation::hard_swish}) {
      single_node of{.op = operation::activation,
                     .attribute = {.fused = function, .slope = 0.1},
                     .operands = {blocked(extents, 1, -9, 9)},
                     .results = {blocked_result(extents)}};
      for (of.overwritten = -1; of.overwritten < 1; ++of.overwritten) check(of);
      if (has_gradient_from_result(function)) of.operands[0].values = expected_of(of)[0];
      for (double& each : of.operands[0].values) each = static_cast<double>(static_cast<float>(each));
      of.op = operation::activation_gradient;
      of.operands.push_back(blocked(extents, 2));
      for (of.overwritten = -1; of.overwritten < 2; ++of.overwritten) check(of);
    }
}

TEST_CASE("activations are exact near 0 and finite far from it", "[kernels]") {
  const shape extents(1, 16, 3, 5);
  for (const activation function : {activation::elu, activation::sigmoid, activation::hard_swish})
    for (const double greatest : {1e-4, 80.0, 1e6})
      check({.op = operation::activation,
             .attribute = {.fused = function, .slope = 1},
             .operands = {blocked(extents, 1, -greatest, function == activation::sigmoid ? greatest : 0)},
             .results = {blocked_result(extents)}});
}

TEST_CASE("multiply equals the reference", "[kernels]") {
  for (const shape& extents : awkward_shapes()) {
    const tensor a = blocked(extents, 1), b = blocked(extents, 2);
    for (int overwritten = -1; overwritten < 2; ++overwritten)
      check({.op = operation::multiply,
             .operands = {a, b},
             .results = {blocked_result(extents)},
             .overwritten = overwritten});
  }
}

TEST_CASE("add and mean square take contiguous tensors of any size", "[kernels]") {
  for (const std::int32_t count : {1, 3, 7, 15, 16, 17, 4095, 4097, 70001}) {
    const tensor a = contiguous(shape(count), 1), b = contiguous(shape(count), 2);
    check({.op = operation::add, .operands = {a, b}, .results = {contiguous_result(shape(count))}, .overwritten = 0});
    check({.op = operation::mean_square, .attribute = {.scale = 3}, .operands = {a, b}, .results = {scalar(0)}});
    check({.op = operation::mean_square_gradient, .operands = {a, b}, .results = {contiguous_result(shape(count))}});
  }
}

TEST_CASE("mean square of blocked tensors leaves the channel padding out", "[kernels]") {
  for (const shape& extents : awkward_shapes())
    check({.op = operation::mean_square,
           .attribute = {.scale = 0.5},
           .operands = {blocked(extents, 1), blocked(extents, 2)},
           .results = {scalar(0)}});
}

TEST_CASE("mean square of many values is as exact as of few", "[kernels]") {
  const shape extents(1, 5, 301, 307);
  check({.op = operation::mean_square,
         .operands = {blocked(extents, 1, 100, 101), blocked(extents, 2, 99, 100)},
         .results = {scalar(0)},
         .tolerance = 1e-6});
}

TEST_CASE("relu keeps what is not a number", "[kernels]") {
  tensor x = blocked(shape(1, 3, 2, 3), 1);
  x.values[4] = std::nan("");
  for (const kernels::isa set : sets()) {
    const single_node of{.op = operation::activation,
                         .attribute = {.fused = activation::relu},
                         .operands = {x},
                         .results = {blocked_result(x.extents)}};
    std::vector<placed_tensor> placed;
    placed.emplace_back(x, kernels::block_of(set));
    placed.emplace_back(x.extents, x.type, x.arrangement, kernels::block_of(set));
    const operand read[] = {placed[0].view()}, written[] = {placed[1].view()};
    with_graph(
        of, [&](const graph_view& graph, const node& made) { kernels::execute(set, graph, made, read, written, {}); });
    CHECK(is_nan(placed[1].values()[4]));
    CHECK(placed[1].padding_is_zero());
  }
}

TEST_CASE("kernels refuse convolutions", "[kernels]") {
  const single_node of{.op = operation::convolution, .operands = {}, .results = {}};
  with_graph(of, [&](const graph_view& graph, const node& made) {
    CHECK_THROWS_AS(kernels::execute(kernels::isa::baseline, graph, made, {}, {}, {}), backend_error);
  });
}

TEST_CASE("kernels refuse operations that they were not compiled for", "[kernels]") {
  const single_node of{.op = operation::total_loss, .operands = {}, .results = {}};
  with_graph(of, [&](const graph_view& graph, const node& made) {
    CHECK_THROWS_AS(kernels::execute<inference_operations>(kernels::isa::baseline, graph, made, {}, {}, {}),
                    backend_error);
    CHECK_THROWS_AS(kernels::execute<operation_set{}>(kernels::isa::baseline, graph, made, {}, {}, {}), backend_error);
  });
}
