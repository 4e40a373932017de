// SPDX-License-Identifier: Apache-2.0
// Sums and activations that are fused, and norms whose results are recomputed, as text.
#include <array>
#include <tuple>
#include <utility>

#include "support/graph_text.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/fold_norm.hpp"
#include "tenon/passes/fuse_activation.hpp"
#include "tenon/passes/fuse_resize.hpp"
#include "tenon/passes/fuse_sum.hpp"
#include "tenon/passes/lay_out.hpp"
#include "tenon/passes/recompute.hpp"
#include "tenon/train/losses.hpp"

namespace {

using namespace tenon::layers;
using namespace tenon_test;
using tenon::attributes;
using tenon::graph_view;
using tenon::growing_graph;
using tenon::layout;
using tenon::node;
using tenon::operation;

/// Convolutions and norms take activations and sums.
struct fusing {
  static constexpr bool fuses_activation(operation op, tenon::activation) {
    return op == operation::convolution || op == operation::batch_norm;
  }
  static constexpr bool fuses_resize = true;
  static constexpr bool fuses_sum(const graph_view&, const node& of) { return fuses_activation(of.op, {}); }
  static constexpr bool writes_contiguous(const graph_view&, const node& of) { return of.op == operation::resize; }
  static constexpr std::int32_t most_contiguous_channels = 0;
  static constexpr bool works_contiguous(const graph_view& graph, const node& of, const char* contiguous) {
    return of.op == operation::cross_entropy || (of.op == operation::resize && contiguous[graph.operand(of, 0)] == 0);
  }
  static constexpr layout operand_layout(const graph_view&, const node&, int i) {
    return i == 0 ? layout::blocked : layout::contiguous;
  }
  static constexpr layout result_layout(const graph_view&, const node&, int) { return layout::blocked; }
  static constexpr bool has_alternatives(operation) { return false; }
  static constexpr tenon::selection select(const graph_view&, const node&) { return {}; }
};

/// Fuses sums and activations.
template <class Net>
constexpr tenon::growing_text fused(const Net& net) {
  return text_of(tenon::fuse_activation<fusing>(tenon::fuse_sum<fusing>(lowered(net).view()).view()));
}

[[maybe_unused]] void sums() {
  // The later of two producers takes the sum, and then the activation.
  constexpr auto residual = [](auto x) {
    auto a = conv2d<4, no_bias>{}(x);
    auto b = max_pool2d<kernel<1>>{}(a);
    return relu{}(add(conv2d<4, no_bias>{}(b), a));
  };
  TENON_EXPECT(fused(residual),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 4x4x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = max_pool 2 : 1x4x8x8\n"
               "4 = parameter 2.weight : 4x4x1x1\n"
               "5 = convolution(add, relu) 3 4 2 : 1x4x8x8\n"
               "outputs 5\n");
  // A convolution writes over its residual: not if somebody reads that later, or if it is an input.
  constexpr auto read_later = [](auto x) {
    auto a = conv2d<4, no_bias>{}(x);
    auto b = add(conv2d<4, no_bias>{}(a), a);
    return add(max_pool2d<kernel<1>>{}(a), add(conv2d<4, no_bias>{}(b), x));
  };
  TENON_EXPECT(fused(read_later),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 4x4x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = parameter 1.weight : 4x4x1x1\n"
               "4 = convolution 2 3 : 1x4x8x8\n"
               "5 = add 4 2 : 1x4x8x8\n"
               "6 = max_pool 2 : 1x4x8x8\n"
               "7 = parameter 3.weight : 4x4x1x1\n"
               "8 = convolution 5 7 : 1x4x8x8\n"
               "9 = add 8 0 : 1x4x8x8\n"
               "10 = add 6 9 : 1x4x8x8\n"
               "outputs 10\n");
  // A norm writes elsewhere: it may add what is read later.
  constexpr auto norm = [](auto x) {
    auto y = max_pool2d<kernel<1>>{}(x);
    return std::tuple{add(batch_norm{}(x), y), add(batch_norm{}(y), y)};  // but not its own operand
  };
  TENON_EXPECT(tenon::fuse_sum<fusing>(lowered(norm).view()),
               "0 = input : 1x4x8x8\n"
               "1 = max_pool 0 : 1x4x8x8\n"
               "2 = parameter 1.weight : 4\n"
               "3 = parameter 1.bias : 4\n"
               "4 = buffer 1.running_mean : 4\n"
               "5 = buffer 1.running_var : 4\n"
               "6 = batch_norm(add) 0 2 3 4 5 1 : 1x4x8x8\n"
               "7 = parameter 2.weight : 4\n"
               "8 = parameter 2.bias : 4\n"
               "9 = buffer 2.running_mean : 4\n"
               "10 = buffer 2.running_var : 4\n"
               "11 = batch_norm 1 7 8 9 10 : 1x4x8x8\n"
               "12 = add 11 1 : 1x4x8x8\n"
               "outputs 6 12\n");
}

[[maybe_unused]] void activations() {
  // A ReLU of what is rectified vanishes, wherever the first one went; another function does not.
  constexpr auto twice = [](auto x) {
    auto y = relu{}(conv2d<4, no_bias>{}(x));
    auto z = relu{}(max_pool2d<kernel<1>>{}(relu{}(y)));
    return add(relu{}(z), sigmoid{}(y));
  };
  TENON_EXPECT(fused(twice),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 4x4x1x1\n"
               "2 = convolution(relu) 0 1 : 1x4x8x8\n"
               "3 = max_pool 2 : 1x4x8x8\n"
               "4 = relu 3 : 1x4x8x8\n"
               "5 = sigmoid 2 : 1x4x8x8\n"
               "6 = add 4 5 : 1x4x8x8\n"
               "outputs 6\n");
  // While training a convolution takes no function whose gradient needs its argument.
  constexpr auto swish = [](auto x) { return hard_swish{}(conv2d<4, no_bias>{}(x)); };
  TENON_EXPECT((tenon::fuse_activation<fusing, true>(lowered(swish).view())),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 4x4x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = hard_swish 2 : 1x4x8x8\n"
               "outputs 3\n");
  TENON_EXPECT(tenon::fuse_activation<fusing>(lowered(swish).view()),
               "0 = input : 1x4x8x8\n"
               "1 = parameter 0.weight : 4x4x1x1\n"
               "2 = convolution(hard_swish) 0 1 : 1x4x8x8\n"
               "outputs 2\n");
}

/// x, then a batch norm of it by the batch's statistics (3), a loss (6), and backward readers of the norm's result.
constexpr growing_graph differentiated(operation kind, int distance) {
  growing_graph graph;
  const tenon::shape extents(2, 4, 8, 8), channels(4);
  attributes attribute;
  attribute.fused = tenon::activation::relu;
  const std::array<std::int32_t, 3> given{graph.make(operation::input, {}, {}, extents),
                                          graph.make(operation::parameter, {}, {}, channels),
                                          graph.make(operation::parameter, {}, {}, channels)};
  graph.append(kind, given, attribute);
  const std::int32_t y = graph.add_result(extents);
  const std::int32_t mean = graph.add_result(channels), variance = graph.add_result(channels);
  const std::array<std::int32_t, 2> compared{y, y};
  const std::int32_t loss = graph.make(operation::mean_square, compared, {}, tenon::shape());
  graph.outputs.push_back(loss);
  const std::int32_t dy = graph.make(operation::mean_square_gradient, compared, {}, extents);
  for (int i = 0; i < distance; ++i) graph.make(operation::fill, {}, {}, channels);
  const std::array<std::int32_t, 2> weight{y, dy};
  graph.make(operation::convolution_weight_gradient, weight, {}, tenon::shape(4, 4, 1, 1));
  const std::array<std::int32_t, 6> backward{given[0], dy, given[1], given[2], mean, variance};
  graph.make(operation::batch_norm_gradient, backward, attribute, extents);
  for (int i = 0; i < 2; ++i) graph.add_result(channels);
  return graph;
}

constexpr growing_graph with_norms_again(const growing_graph& graph) {
  const tenon::graph_edits all(graph.view());
  return tenon::recomputer(graph.view(), all, tenon::retention_finder(graph.view(), all).free()).run();
}

template <class Net>
constexpr tenon::growing_text with_loss(const Net& net) {
  growing_graph graph = lowered(net);
  tenon::builder to;
  to.graph = std::move(graph);
  tenon::loss_list<tenon::losses<tenon::cross_entropy<>, tenon::cross_entropy<>>>::type::append_all(to);
  tenon::graph_edits edits(to.graph.view());
  tenon::fuse_resize<fusing>(edits);
  return text_of(edits.applied());
}

[[maybe_unused]] void resized_losses() {
  // A loss resizes the logits that it alone reads; where something lies between, all exist.
  constexpr auto two = [](auto x) {
    auto y = resize<factor<2>>{}(relu{}(x));
    auto z = resize<factor<3>>{}(x);
    return std::tuple{y, add(z, sigmoid{}(z))};
  };
  TENON_EXPECT(with_loss(two),
               "0 = input : 1x4x8x8\n"
               "1 = relu 0 : 1x4x8x8\n"
               "2 = resize 0 : 1x4x24x24\n"
               "3 = sigmoid 2 : 1x4x24x24\n"
               "4 = add 2 3 : 1x4x24x24\n"
               "5 = target : 1x16x16\n"
               "6, 7 = resized_cross_entropy 1 5 : scalar\n"
               "8 = target : 1x24x24\n"
               "9, 10 = cross_entropy 4 8 : scalar\n"
               "11 = total_loss 6 9 : scalar\n"
               "outputs 11\n");
}

[[maybe_unused]] void norms_again() {
  // One copy serves readers that stand near each other.
  constexpr auto near = [] {
    const growing_graph graph = differentiated(operation::batch_norm_training, 0);
    return text_of(with_norms_again(graph));
  };
  TENON_EXPECT(near(),
               "0 = input : 2x4x8x8\n"
               "1 = parameter  : 4\n"
               "2 = parameter  : 4\n"
               "3, 4, 5 = batch_norm_training(relu) 0 1 2 : 2x4x8x8\n"
               "6 = mean_square 3 3 : scalar\n"
               "7 = batch_norm(relu) 0 1 2 4 5 : 2x4x8x8\n"
               "8 = mean_square_gradient 7 7 : 2x4x8x8\n"
               "9 = convolution_weight_gradient 7 8 : 4x4x1x1\n"
               "10, 11, 12 = batch_norm_gradient(relu) 0 8 1 2 4 5 : 2x4x8x8\n"
               "outputs 6\n");
  // A reader much later gets one of its own.
  constexpr auto far = [] {
    const growing_graph graph = differentiated(operation::group_norm, 20);
    const growing_graph made = with_norms_again(graph);
    int copies = 0;
    for (const node& each : made.view().nodes) copies += each.op == operation::group_norm_given ? 1 : 0;
    return copies;
  };
  static_assert(far() == 2);
}

[[maybe_unused]] void contiguous_results() {
  // A resize writes its result contiguous where an output, or a loss that reads any layout, is all that follows.
  constexpr auto net = [](auto x) { return resize<factor<2>>{}(relu{}(x)); };
  TENON_EXPECT(tenon_test::text_of_laid_out<fusing>(tenon::lay_out<fusing>(lowered(net).view())),
               "0 = input : 1x4x8x8\n"
               "1 = reorder 0 : 1x4x8x8 blocked\n"
               "2 = relu 1 : 1x4x8x8 blocked\n"
               "3 = resize 2 : 1x4x16x16\n"
               "outputs 3\n");
  constexpr auto read = [](auto x) {
    auto y = resize<factor<2>>{}(x);
    return std::tuple{y, relu{}(y)};
  };
  TENON_EXPECT(tenon_test::text_of_laid_out<fusing>(tenon::lay_out<fusing>(lowered(read).view())),
               "0 = input : 1x4x8x8\n"
               "1 = reorder 0 : 1x4x8x8 blocked\n"
               "2 = resize 1 : 1x4x16x16 blocked\n"
               "3 = relu 2 : 1x4x16x16 blocked\n"
               "4 = reorder 2 : 1x4x16x16\n"
               "5 = reorder 3 : 1x4x16x16\n"
               "outputs 4 5\n");
}

}  // namespace
