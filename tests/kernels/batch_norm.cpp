// SPDX-License-Identifier: Apache-2.0
// Batch norm by given statistics, by the batch's, and the gradients of both.
#include "harness.hpp"

using namespace harness;

namespace {

/// x, scale, shift, mean, variance
std::vector<tensor> norm_operands(const shape& extents, double offset = 0) {
  const shape channels(extents.channels());
  return {blocked(extents, 1, offset - 1, offset + 1), contiguous(channels, 2), contiguous(channels, 3),
          contiguous(channels, 4, offset - 0.5, offset + 0.5), contiguous(channels, 5, 0.1, 2)};
}

attributes norm_attributes(bool rectifies) {
  return {.fused = rectifies ? activation::relu : activation::none, .epsilon = 1e-5};
}

constexpr activation all_functions[] = {activation::none,         activation::relu,      activation::leaky_relu,
                                        activation::relu6,        activation::elu,       activation::sigmoid,
                                        activation::hard_sigmoid, activation::hard_swish};

/// More pixels than one turn of a function takes, and than a tile.
std::vector<shape> shapes_of_functions() {
  return {shape(2, 11, 5, 7), shape(1, 19, 9, 14), shape(1, 5, 24, 25), shape(1, 33, 2, 3, 4), shape(2, 3, 91, 93)};
}

}  // namespace

TEST_CASE("batch norm by given statistics equals the reference", "[kernels]") {
  for (const shape& extents : awkward_shapes())
    for (const bool rectifies : {false, true})
      for (const int overwritten : {-1, 0})
        check_in_both_layouts({.op = operation::batch_norm,
                               .attribute = norm_attributes(rectifies),
                               .operands = norm_operands(extents),
                               .results = {blocked_result(extents)},
                               .overwritten = overwritten});
}

TEST_CASE("batch norm with any function and a residual equals the reference", "[kernels]") {
  int turn = 0;
  for (const shape& extents : shapes_of_functions())
    for (const activation function : all_functions)
      for (const bool adds : {false, true})
        for (const bool given : {false, true}) {
          const int place = turn++ % (adds ? 3 : 2);  // apart, over x, over the residual
          const attributes attribute{.fused = function, .adds = adds, .epsilon = 1e-3, .slope = 0.3};
          auto operands = norm_operands(extents);
          operands[0] = blocked(extents, 1, -3, 3);
          const shape channels(extents.channels());
          std::vector<tensor> results{blocked_result(extents)};
          if (!given) {
            operands.resize(3);
            results = {blocked_result(extents), contiguous_result(channels), contiguous_result(channels)};
          }
          if (adds) operands.push_back(blocked(extents, 9, -4, 4));
          const int last = static_cast<int>(operands.size()) - 1;
          INFO(name_of(function) << (adds ? " with a residual" : "") << ", place " << place);
          check_in_both_layouts({.op = given ? operation::batch_norm : operation::batch_norm_training,
                                 .attribute = attribute,
                                 .operands = operands,
                                 .results = results,
                                 .overwritten = place == 0   ? -1
                                                : place == 1 ? 0
                                                             : last});
        }
}

TEST_CASE("batch norm by the batch's statistics equals the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(3, 5, 61, 67));
  shapes.push_back(shape(1, 2100, 2, 3));
  shapes.push_back(shape(2, 40, 1, 1100));
  for (const shape& extents : shapes) {
    if (extents.batch() * extents.spatial_elements() == 1) continue;
    for (const bool rectifies : {false, true}) {
      auto operands = norm_operands(extents);
      operands.resize(3);
      const shape channels(extents.channels());
      check_in_both_layouts(
          {.op = operation::batch_norm_training,
           .attribute = norm_attributes(rectifies),
           .operands = operands,
           .results = {blocked_result(extents), contiguous_result(channels), contiguous_result(channels)}});
    }
  }
}

TEST_CASE("statistics are exact far from zero", "[kernels]") {
  const shape extents(2, 3, 97, 103), channels(3);
  auto operands = norm_operands(extents, 1000);
  operands.resize(3);
  const single_node of{.op = operation::batch_norm_training,
                       .attribute = norm_attributes(false),
                       .operands = operands,
                       .results = {blocked_result(extents), contiguous_result(channels), contiguous_result(channels)}};
  const auto expected = expected_of(of);
  for (const kernels::isa set : sets()) {
    const auto found = run(of, set, 2);
    CHECK(relative_difference(found[1], expected[1]) < 1e-7);
    CHECK(relative_difference(found[2], expected[2]) < 1e-6);
  }
}

TEST_CASE("an outlier in the first place does not spoil the variance", "[kernels]") {
  const shape extents(1, 3, 101, 51), channels(3);
  auto operands = norm_operands(extents);
  operands.resize(3);
  operands[0].values[0] = 5000;
  check_in_both_layouts(
      {.op = operation::batch_norm_training,
       .attribute = norm_attributes(false),
       .operands = operands,
       .results = {blocked_result(extents), contiguous_result(channels), contiguous_result(channels)}});
}

TEST_CASE("batch norm without epsilon leaves zeros in the padding", "[kernels]") {
  const shape extents(1, 3, 4, 5);
  check_in_both_layouts({.op = operation::batch_norm,
                         .attribute = {.epsilon = 0},
                         .operands = norm_operands(extents),
                         .results = {blocked_result(extents)}});
}

TEST_CASE("gradients of batch norm equal the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(3, 5, 61, 67));
  shapes.push_back(shape(1, 2100, 2, 3));
  for (const shape& extents : shapes)
    for (const bool rectifies : {false, true})
      for (const auto op : {operation::batch_norm_gradient, operation::batch_norm_frozen_gradient})
        for (const int overwritten : {-1, 1}) {
          auto operands = norm_operands(extents);
          operands.insert(operands.begin() + 1, blocked(extents, 6));
          const shape channels(extents.channels());
          check_in_both_layouts(
              {.op = op,
               .attribute = norm_attributes(rectifies),
               .operands = operands,
               .results = {blocked_result(extents), contiguous_result(channels), contiguous_result(channels)},
               .overwritten = overwritten});
        }
}

TEST_CASE("gradients of batch norm with any function equal the reference", "[kernels]") {
  int overwritten = -1;
  for (const shape& extents : shapes_of_functions())
    for (const activation function : all_functions)
      for (const auto op : {operation::batch_norm_gradient, operation::batch_norm_frozen_gradient}) {
        overwritten = overwritten == 1 ? -1 : overwritten + 1;
        auto operands = norm_operands(extents);
        operands[0] = blocked(extents, 1, -3, 3);
        operands.insert(operands.begin() + 1, blocked(extents, 6));
        const shape channels(extents.channels());
        INFO(name_of(function) << ", over operand " << overwritten);
        check_in_both_layouts(
            {.op = op,
             .attribute = {.fused = function, .epsilon = 1e-3, .slope = 0.3},
             .operands = operands,
             .results = {blocked_result(extents), contiguous_result(channels), contiguous_result(channels)},
             .overwritten = overwritten});
      }
}

TEST_CASE("gradients of batch norm leave out what has no memory", "[kernels]") {
  const shape extents(2, 11, 5, 7), channels(11);
  auto operands = norm_operands(extents);
  operands.insert(operands.begin() + 1, blocked(extents, 6));
  const single_node of{.op = operation::batch_norm_gradient,
                       .attribute = norm_attributes(true),
                       .operands = operands,
                       .results = {blocked_result(extents), contiguous_result(channels), contiguous_result(channels)}};
  const auto expected = expected_of(of);
  for (const kernels::isa set : sets())
    for (std::size_t absent = 0; absent < 3; ++absent) {
      std::vector<placed_tensor> read, written;
      std::vector<operand> read_views, written_views;
      read.reserve(6);
      written.reserve(3);
      for (const tensor& each : of.operands)
        read_views.push_back(read.emplace_back(each, kernels::block_of(set)).view());
      for (const tensor& each : of.results)
        written_views.push_back(
            written.emplace_back(each.extents, each.type, each.arrangement, kernels::block_of(set)).view());
      written_views[absent].data = nullptr;
      with_graph(of, [&](const graph_view& graph, const node& made) {
        kernels::execute(set, graph, made, read_views, written_views, {});
      });
      for (std::size_t i = 0; i < 3; ++i)
        if (i != absent) CHECK(relative_difference(written[i].values(), expected[i]) < 1e-5);
    }
}
