// SPDX-License-Identifier: Apache-2.0
// What each pass makes of a small graph, as text.
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "support/graph_text.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/differentiate.hpp"
#include "tenon/passes/fold_norm.hpp"
#include "tenon/passes/fuse_activation.hpp"
#include "tenon/passes/lay_out.hpp"
#include "tenon/passes/remove_dead.hpp"
#include "tenon/passes/training_form.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon::layers;
using tenon::graph_view;
using tenon::growing_graph;
using tenon::layout;
using tenon::node;
using tenon::operation;
using tenon_test::text_of;

/// A backend in a few lines: convolutions and norms fuse an activation, convolutions take blocked values and a
/// workspace.
struct tiny {
  static constexpr bool fuses_activation(operation op, tenon::activation) {
    return op == operation::convolution || op == operation::batch_norm_training;
  }
  static constexpr bool writes_contiguous(const graph_view&, const node& of) { return of.op == operation::resize; }
  static constexpr std::int32_t most_contiguous_channels = 0;
  static constexpr bool works_contiguous(const graph_view& graph, const node& of, const char* contiguous) {
    return of.op == operation::cross_entropy || (of.op == operation::resize && contiguous[graph.operand(of, 0)] == 0);
  }
  static constexpr layout operand_layout(const graph_view&, const node& of, int i) {
    return of.op == operation::convolution && i == 0 ? layout::blocked : layout::contiguous;
  }
  static constexpr layout result_layout(const graph_view&, const node& of, int) {
    return of.op == operation::convolution ? layout::blocked : layout::contiguous;
  }
  static constexpr bool has_alternatives(operation op) { return op == operation::convolution; }
  static constexpr tenon::selection select(const graph_view&, const node& of) {
    return {.workspace_bytes = of.op == operation::convolution ? 256 : 0};
  }
};

constexpr tenon::shape picture(1, 3, 8, 8);

template <class Net>
constexpr growing_graph lowered(const Net& net) {
  return tenon_test::lowered(net, picture);
}
template <class Loss, class Net>
constexpr growing_graph lowered_with(const Net& net) {
  return tenon_test::lowered_with<Loss>(net, picture);
}

constexpr auto stem = name<"stem">(conv2d<4, kernel<3>, no_bias>{} >> batch_norm{} >> relu{});

[[maybe_unused]] void lowering() {
  TENON_EXPECT(lowered(stem),
               "0 = input : 1x3x8x8\n"
               "1 = parameter stem.0.weight : 4x3x3x3\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = parameter stem.1.weight : 4\n"
               "4 = parameter stem.1.bias : 4\n"
               "5 = buffer stem.1.running_mean : 4\n"
               "6 = buffer stem.1.running_var : 4\n"
               "7 = batch_norm 2 3 4 5 6 : 1x4x8x8\n"
               "8 = relu 7 : 1x4x8x8\n"
               "outputs 8\n");
}

[[maybe_unused]] void folding() {
  TENON_EXPECT(tenon::fold_norm(lowered(stem).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter stem.0.weight : 4x3x3x3\n"
               "2 = parameter stem.1.weight : 4\n"
               "3 = parameter stem.1.bias : 4\n"
               "4 = buffer stem.1.running_mean : 4\n"
               "5 = buffer stem.1.running_var : 4\n"
               "6 = convolution(norm) 0 1 2 3 4 5 : 1x4x8x8\n"
               "7 = relu 6 : 1x4x8x8\n"
               "outputs 7\n");
  // A convolution whose result is read twice keeps its norm.
  constexpr auto forked = [](auto x) {
    auto y = conv2d<4, no_bias>{}(x);
    return add(y, batch_norm{}(y));
  };
  TENON_EXPECT(tenon::fold_norm(lowered(forked).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = parameter 1.weight : 4\n"
               "4 = parameter 1.bias : 4\n"
               "5 = buffer 1.running_mean : 4\n"
               "6 = buffer 1.running_var : 4\n"
               "7 = batch_norm 2 3 4 5 6 : 1x4x8x8\n"
               "8 = add 2 7 : 1x4x8x8\n"
               "outputs 8\n");
}

[[maybe_unused]] void fusing() {
  TENON_EXPECT(tenon::fuse_activation<tiny>(tenon::fold_norm(lowered(stem).view()).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter stem.0.weight : 4x3x3x3\n"
               "2 = parameter stem.1.weight : 4\n"
               "3 = parameter stem.1.bias : 4\n"
               "4 = buffer stem.1.running_mean : 4\n"
               "5 = buffer stem.1.running_var : 4\n"
               "6 = convolution(norm, relu) 0 1 2 3 4 5 : 1x4x8x8\n"
               "outputs 6\n");
  // Not where the value before the activation is an output or has another reader, nor behind what cannot.
  constexpr auto shared = [](auto x) {
    auto y = conv2d<4, no_bias>{}(x);
    auto z = relu{}(max_pool2d<kernel<1>>{}(y));
    return add(z, relu{}(y));
  };
  TENON_EXPECT(tenon::fuse_activation<tiny>(lowered(shared).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = max_pool 2 : 1x4x8x8\n"
               "4 = relu 3 : 1x4x8x8\n"
               "5 = relu 2 : 1x4x8x8\n"
               "6 = add 4 5 : 1x4x8x8\n"
               "outputs 6\n");
  constexpr auto given = [](auto x) {
    auto y = conv2d<4, no_bias>{}(x);
    return std::tuple{y, relu{}(y)};
  };
  TENON_EXPECT(tenon::fuse_activation<tiny>(lowered(given).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = relu 2 : 1x4x8x8\n"
               "outputs 2 3\n");
}

[[maybe_unused]] void training() {
  TENON_EXPECT(tenon::training_form(lowered_with<tenon::mean_square>(stem).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter stem.0.weight : 4x3x3x3\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = parameter stem.1.weight : 4\n"
               "4 = parameter stem.1.bias : 4\n"
               "5 = buffer stem.1.running_mean : 4\n"
               "6 = buffer stem.1.running_var : 4\n"
               "7, 8, 9 = batch_norm_training 2 3 4 : 1x4x8x8\n"
               "10 = relu 7 : 1x4x8x8\n"
               "11 = target : 1x4x8x8\n"
               "12 = mean_square 10 11 : scalar\n"
               "running_statistics 8 9 5 6\n"
               "outputs 12\n");
  // A norm over one value a channel stays.
  constexpr auto single = conv2d<4, kernel<8>, padding<0>, no_bias>{} >> batch_norm{};
  TENON_EXPECT(tenon::training_form(lowered_with<tenon::mean_square>(single).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x8x8\n"
               "2 = convolution 0 1 : 1x4x1x1\n"
               "3 = parameter 1.weight : 4\n"
               "4 = parameter 1.bias : 4\n"
               "5 = buffer 1.running_mean : 4\n"
               "6 = buffer 1.running_var : 4\n"
               "7 = batch_norm 2 3 4 5 6 : 1x4x1x1\n"
               "8 = target : 1x4x1x1\n"
               "9 = mean_square 7 8 : scalar\n"
               "outputs 9\n");
}

[[maybe_unused]] void removing() {
  constexpr auto branches = [](auto x) {
    auto dead = conv2d<4, no_bias>{}(x);
    relu{}(dead);
    return conv2d<2, no_bias>{}(x);
  };
  TENON_EXPECT(tenon::remove_dead(lowered(branches).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = parameter 2.weight : 2x3x1x1\n"
               "3 = convolution 0 2 : 1x2x8x8\n"
               "outputs 3\n");
}

[[maybe_unused]] void removing_dropouts() {
  constexpr auto row = conv2d<2, no_bias>{} >> dropout<0.1>{} >> dropout<0.0>{} >> sigmoid{};
  TENON_EXPECT(tenon::remove_dead(lowered(row).view()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 2x3x1x1\n"
               "2 = convolution 0 1 : 1x2x8x8\n"
               "3 = dropout 2 : 1x2x8x8\n"
               "4 = sigmoid 3 : 1x2x8x8\n"
               "outputs 4\n");
  TENON_EXPECT(tenon::remove_dead(lowered(row).view(), true),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 2x3x1x1\n"
               "2 = convolution 0 1 : 1x2x8x8\n"
               "3 = sigmoid 2 : 1x2x8x8\n"
               "outputs 3\n");
}

[[maybe_unused]] void differentiating_elements() {
  constexpr auto gated = [](auto x) {
    auto y = conv2d<4, no_bias>{}(x);
    return prelu{}(dropout<0.1>{}(y * softmax{}(y)));
  };
  TENON_EXPECT(tenon::differentiate(lowered_with<tenon::binary_cross_entropy>(gated).view(), tenon::sgd<>::rule()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = softmax 2 : 1x4x8x8\n"
               "4 = multiply 2 3 : 1x4x8x8\n"
               "5 = dropout 4 : 1x4x8x8\n"
               "6 = parameter 3.weight : 4\n"
               "7 = prelu 5 6 : 1x4x8x8\n"
               "8 = target : 1x4x8x8\n"
               "9 = binary_cross_entropy 7 8 : scalar\n"
               "10 = binary_cross_entropy_gradient 7 8 : 1x4x8x8\n"
               "11, 12 = prelu_gradient 5 10 6 : 1x4x8x8\n"
               "sgd 6 12\n"
               "13 = dropout 11 : 1x4x8x8\n"
               "14 = multiply 13 2 : 1x4x8x8\n"
               "15 = multiply 13 3 : 1x4x8x8\n"
               "16 = softmax_gradient 3 14 : 1x4x8x8\n"
               "17 = add 15 16 : 1x4x8x8\n"
               "18 = convolution_weight_gradient 0 17 : 4x3x1x1\n"
               "sgd 1 18\n"
               "outputs 9\n");
}

[[maybe_unused]] void differentiating() {
  constexpr auto rule = tenon::sgd<tenon::momentum<0.9>>::rule();
  constexpr auto row = conv2d<4>{} >> relu{} >> conv2d<2, no_bias>{};
  TENON_EXPECT(tenon::differentiate(lowered_with<tenon::cross_entropy<>>(row).view(), rule),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = parameter 0.bias : 4\n"
               "3 = convolution 0 1 2 : 1x4x8x8\n"
               "4 = relu 3 : 1x4x8x8\n"
               "5 = parameter 2.weight : 2x4x1x1\n"
               "6 = convolution 4 5 : 1x2x8x8\n"
               "7 = target : 1x8x8\n"
               "8, 9 = cross_entropy 6 7 : scalar\n"
               "10 = cross_entropy_gradient 6 7 9 : 1x2x8x8\n"
               "11 = convolution_weight_gradient 4 10 : 2x4x1x1\n"
               "12 = convolution_data_gradient 10 5 : 1x4x8x8\n"
               "13 = state : 2x4x1x1\n"
               "sgd 5 11 13\n"
               "14 = relu_gradient 4 12 : 1x4x8x8\n"
               "15, 16 = convolution_weight_gradient 0 14 : 4x3x1x1\n"
               "17 = state : 4x3x1x1\n"
               "sgd 1 15 17\n"
               "18 = state : 4\n"
               "sgd 2 16 18\n"
               "outputs 8\n");
  // A value that is read three times: the gradients are added, and the parameter follows once.
  constexpr auto fan = [](auto x) {
    auto y = conv2d<4, no_bias>{}(x);
    auto small = max_pool2d<kernel<2>>{}(y);
    auto padded = pad_like(small, y);
    auto joined = concat(relu{}(y), padded);
    auto twice = concat(y, y);
    return add(twice, joined);
  };
  TENON_EXPECT(tenon::differentiate(lowered_with<tenon::mean_square>(fan).view(), tenon::sgd<>::rule()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = max_pool 2 : 1x4x4x4\n"
               "4 = pad 3 : 1x4x8x8\n"
               "5 = relu 2 : 1x4x8x8\n"
               "6 = concat 5 4 : 1x8x8x8\n"
               "7 = concat 2 2 : 1x8x8x8\n"
               "8 = add 7 6 : 1x8x8x8\n"
               "9 = target : 1x8x8x8\n"
               "10 = mean_square 8 9 : scalar\n"
               "11 = mean_square_gradient 8 9 : 1x8x8x8\n"
               "12 = concat_gradient 11 : 1x4x8x8\n"
               "13 = concat_gradient 11 : 1x4x8x8\n"
               "14 = add 12 13 : 1x4x8x8\n"
               "15 = concat_gradient 11 : 1x4x8x8\n"
               "16 = concat_gradient 11 : 1x4x8x8\n"
               "17 = relu_gradient 5 15 : 1x4x8x8\n"
               "18 = add 14 17 : 1x4x8x8\n"
               "19 = pad 16 : 1x4x4x4\n"
               "20 = max_pool_gradient 2 19 : 1x4x8x8\n"
               "21 = add 18 20 : 1x4x8x8\n"
               "22 = convolution_weight_gradient 0 21 : 4x3x1x1\n"
               "sgd 1 22\n"
               "outputs 10\n");
  // Norms: the batch's statistics, and a fused activation's mask within.
  constexpr auto graph = [] {
    const growing_graph described = lowered_with<tenon::mean_square>(stem);
    const growing_graph form = tenon::training_form(described.view());
    const growing_graph fused = tenon::fuse_activation<tiny>(form.view());
    return text_of(tenon::differentiate(fused.view(), tenon::adam<>::rule()));
  };
  TENON_EXPECT(graph(),
               "0 = input : 1x3x8x8\n"
               "1 = parameter stem.0.weight : 4x3x3x3\n"
               "2 = convolution 0 1 : 1x4x8x8\n"
               "3 = parameter stem.1.weight : 4\n"
               "4 = parameter stem.1.bias : 4\n"
               "5 = buffer stem.1.running_mean : 4\n"
               "6 = buffer stem.1.running_var : 4\n"
               "7, 8, 9 = batch_norm_training(relu) 2 3 4 : 1x4x8x8\n"
               "10 = target : 1x4x8x8\n"
               "11 = mean_square 7 10 : scalar\n"
               "running_statistics 8 9 5 6\n"
               "12 = mean_square_gradient 7 10 : 1x4x8x8\n"
               "13, 14, 15 = batch_norm_gradient(relu) 2 12 3 4 8 9 : 1x4x8x8\n"
               "16 = state : 4\n"
               "17 = state : 4\n"
               "adam 3 14 16 17\n"
               "18 = state : 4\n"
               "19 = state : 4\n"
               "adam 4 15 18 19\n"
               "20 = convolution_weight_gradient 0 13 : 4x3x3x3\n"
               "21 = state : 4x3x3x3\n"
               "22 = state : 4x3x3x3\n"
               "adam 1 20 21 22\n"
               "outputs 11\n");
  // Two losses.
  constexpr auto heads = [](auto x) { return std::tuple{conv2d<2, no_bias>{}(x), conv2d<3, no_bias>{}(x)}; };
  using both = tenon::losses<tenon::cross_entropy<>, tenon::weighted<tenon::mean_square, 0.5>>;
  TENON_EXPECT(tenon::differentiate(lowered_with<both>(heads).view(), tenon::sgd<>::rule()),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 2x3x1x1\n"
               "2 = convolution 0 1 : 1x2x8x8\n"
               "3 = parameter 1.weight : 3x3x1x1\n"
               "4 = convolution 0 3 : 1x3x8x8\n"
               "5 = target : 1x8x8\n"
               "6, 7 = cross_entropy 2 5 : scalar\n"
               "8 = target : 1x3x8x8\n"
               "9 = mean_square 4 8 : scalar\n"
               "10 = total_loss 6 9 : scalar\n"
               "11 = mean_square_gradient 4 8 : 1x3x8x8\n"
               "12 = cross_entropy_gradient 2 5 7 : 1x2x8x8\n"
               "13 = convolution_weight_gradient 0 11 : 3x3x1x1\n"
               "sgd 3 13\n"
               "14 = convolution_weight_gradient 0 12 : 2x3x1x1\n"
               "sgd 1 14\n"
               "outputs 10\n");
}

[[maybe_unused]] void laying_out() {
  // One reorder a value, however many want it; outputs are contiguous values of their own.
  constexpr auto net = [](auto x) {
    auto a = conv2d<4, no_bias>{}(x);
    auto b = conv2d<4, no_bias>{}(x);
    return std::tuple{add(a, conv2d<4, no_bias>{}(b)), a, x};
  };
  TENON_EXPECT(tenon_test::text_of_laid_out<tiny>(tenon::lay_out<tiny>(lowered(net).view())),
               "0 = input : 1x3x8x8\n"
               "1 = parameter 0.weight : 4x3x1x1\n"
               "2 = reorder 0 : 1x3x8x8 blocked\n"
               "3, 4 = convolution(workspace) 2 1 : 1x4x8x8 blocked\n"
               "5 = parameter 1.weight : 4x3x1x1\n"
               "6, 7 = convolution(workspace) 2 5 : 1x4x8x8 blocked\n"
               "8 = parameter 2.weight : 4x4x1x1\n"
               "9, 10 = convolution(workspace) 6 8 : 1x4x8x8 blocked\n"
               "11 = reorder 3 : 1x4x8x8\n"
               "12 = reorder 9 : 1x4x8x8\n"
               "13 = add 11 12 : 1x4x8x8\n"
               "14 = reorder 0 : 1x3x8x8\n"
               "outputs 13 11 14\n");
}

}  // namespace
