// SPDX-License-Identifier: Apache-2.0
// The constants that passes and the planner ask the oneDNN backend for.
#include "tenon/backends/onednn/capabilities.hpp"

#include <array>
#include <catch2/catch.hpp>

namespace {

using namespace tenon;
using onednn::capabilities;

/// Sources of the given operations and shapes, then one node with one result.
template <std::size_t Count>
struct little_graph {
  std::array<node, Count + 1> nodes{};
  std::array<value, Count + 1> values{};
  std::array<std::int32_t, Count> operands{};

  constexpr little_graph(operation op, const std::array<operation, Count>& sources,
                         const std::array<shape, Count>& extents, const shape& result, int groups = 1) {
    for (std::size_t i = 0; i <= Count; ++i) {
      const auto number = static_cast<std::int32_t>(i);
      nodes[i].op = i < Count ? sources[i] : op;
      nodes[i].results = {number, 1};
      values[i] = {i < Count ? extents[i] : result, element_type::float32, layout::contiguous, number};
      if (i < Count) operands[i] = number;
    }
    nodes[Count].operands = {0, static_cast<std::int32_t>(Count)};
    nodes[Count].attribute.groups = groups;
    nodes[Count].attribute.kernel = {1, 3, 3};
  }
  constexpr graph_view view() const {
    graph_view graph;
    graph.nodes = nodes;
    graph.values = values;
    graph.operands = operands;
    return graph;
  }
  constexpr const node& last() const { return nodes[Count]; }
};

constexpr little_graph<2> convolution(int in, int out, int groups = 1, operation source = operation::input) {
  return {operation::convolution,
          {source, operation::parameter},
          {shape(1, in, 8, 8), shape(out, in / groups, 3, 3)},
          shape(1, out, 8, 8),
          groups};
}

constexpr layout source_layout(const little_graph<2>& graph) {
  return capabilities::operand_layout(graph.view(), graph.last(), 0);
}

// A stem reads the network input as it is; nothing else does.
static_assert(source_layout(convolution(3, 64)) == layout::contiguous);
static_assert(source_layout(convolution(1, 64)) == layout::contiguous);
static_assert(source_layout(convolution(4, 64)) == layout::blocked);
static_assert(source_layout(convolution(3, 3, 3)) == layout::blocked);
static_assert(source_layout(convolution(3, 64, 1, operation::activation)) == layout::blocked);
static_assert(capabilities::operand_layout(convolution(3, 64).view(), convolution(3, 64).last(), 1) ==
              layout::contiguous);
static_assert(capabilities::result_layout(convolution(3, 64).view(), convolution(3, 64).last(), 0) == layout::blocked);

// Channels count up to 16 on both sides, but for a stem's; depthwise weights grow by their channels alone.
constexpr std::int64_t packed(const little_graph<2>& graph) {
  return capabilities::select(graph.view(), graph.last()).packed_bytes;
}
static_assert(packed(convolution(64, 64)) == 64 * 64 * 9 * 4);
static_assert(packed(convolution(19, 5)) == 32 * 16 * 9 * 4);
static_assert(packed(convolution(3, 64)) == 3 * 64 * 9 * 4);
static_assert(packed(convolution(19, 19, 19)) == 32 * 9 * 4);
static_assert(packed(convolution(64, 64, 2)) == 2 * 32 * 32 * 9 * 4);

// Gradients of a shared parameter are added in its own layout, activations blocked.
constexpr little_graph<2> sum(operation a, operation b) {
  return {operation::add, {a, b}, {shape(8, 8, 3, 3), shape(8, 8, 3, 3)}, shape(8, 8, 3, 3)};
}
static_assert(capabilities::result_layout(sum(operation::activation, operation::activation).view(),
                                          sum(operation::activation, operation::activation).last(),
                                          0) == layout::blocked);
static_assert(capabilities::result_layout(
                  sum(operation::convolution_weight_gradient, operation::convolution_weight_gradient).view(),
                  sum(operation::convolution_weight_gradient, operation::convolution_weight_gradient).last(),
                  0) == layout::contiguous);

static_assert(capabilities::in_place(sum(operation::activation, operation::activation).view(),
                                     sum(operation::activation, operation::activation).last(), 1));
static_assert(!capabilities::in_place(convolution(64, 64).view(), convolution(64, 64).last(), 0));
static_assert(capabilities::folds_norm && capabilities::fuses_activation(operation::convolution, activation::relu));
static_assert(!capabilities::fuses_activation(operation::add, activation::relu));
static_assert(capabilities::fuses_activation(operation::transposed_convolution, activation::hard_swish));
static_assert(capabilities::fuses_sum(convolution(64, 64).view(), convolution(64, 64).last()));
static_assert(!capabilities::fuses_sum(sum(operation::activation, operation::activation).view(),
                                       sum(operation::activation, operation::activation).last()));

// A loss of one target an element reads what a resize wrote contiguous, and its target with it.
constexpr little_graph<2> comparison(operation source, layout written) {
  const shape extents(1, 1, 9, 9);
  little_graph<2> graph{
      operation::binary_cross_entropy_gradient, {source, operation::target}, {extents, extents}, extents};
  graph.values[0].arrangement = written;
  return graph;
}
constexpr bool compares_in(const little_graph<2>& graph, layout wanted) {
  return capabilities::operand_layout(graph.view(), graph.last(), 0) == wanted &&
         capabilities::operand_layout(graph.view(), graph.last(), 1) == wanted &&
         capabilities::result_layout(graph.view(), graph.last(), 0) == wanted;
}
static_assert(compares_in(comparison(operation::resize, layout::contiguous), layout::contiguous));
static_assert(compares_in(comparison(operation::activation, layout::blocked), layout::blocked));

// A convolution writes over what it adds, but not over what it reads.
constexpr bool overwrites_residual(std::int32_t residual, int operand) {
  little_graph<3> graph{operation::convolution,
                        {operation::activation, operation::parameter, operation::activation},
                        {shape(1, 64, 8, 8), shape(64, 64, 3, 3), shape(1, 64, 8, 8)},
                        shape(1, 64, 8, 8)};
  graph.operands[2] = residual;
  graph.nodes[3].attribute.adds = true;
  return capabilities::in_place(graph.view(), graph.last(), operand);
}
static_assert(overwrites_residual(2, 2) && !overwrites_residual(2, 0) && !overwrites_residual(0, 2));

}  // namespace

TEST_CASE("a weight gradient's workspace holds the blocked weights and a padded bias") {
  little_graph<2> graph{operation::convolution_weight_gradient,
                        {operation::activation, operation::activation},
                        {shape(1, 19, 8, 8), shape(1, 5, 8, 8)},
                        shape(5, 19, 3, 3)};
  graph.values[0].arrangement = graph.values[1].arrangement = layout::blocked;
  CHECK(capabilities::select(graph.view(), graph.last()).workspace_bytes == 32 * 16 * 9 * 4);
  graph.nodes[2].attribute.has_bias = true;
  CHECK(capabilities::select(graph.view(), graph.last()).workspace_bytes == 32 * 16 * 9 * 4 + 64);
  CHECK(capabilities::select(graph.view(), graph.last()).packed_bytes == 0);
}
