// SPDX-License-Identifier: Apache-2.0
// Networks of few channels are contiguous throughout: no reorder, no code of others' reference, and the reference's
// results.
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

#include "onednn/beside_reference.hpp"

namespace {

using namespace tenon;
using namespace tenon::layers;
using onednn_test::described;
using tenon_test::compiled_graph;

/// How many nodes of a kind there are, and whether those that compute run by kernels of ours.
int count(const compiled_graph& compiled, operation kind) {
  int found = 0;
  for (const node& each : compiled.graph.nodes) found += each.op == kind ? 1 : 0;
  return found;
}
bool runs_by_kernels(const compiled_graph& compiled) {
  const plan_view plan = compiled.view();
  const onednn::program program(plan, 1);
  const std::string ours = "kernels:" + std::string(kernels::name_of(onednn::effective_isa()));
  for (std::int32_t i = 0; i < plan.graph.node_count(); ++i)
    if (!is_source(plan.graph.node_at(i).op) && program.implementation_of(i) != ours) return false;
  return true;
}

/// Layers of one kind with growing dilations, then one class scores.
template <int Channels, int Classes, int... Dilations>
inline constexpr auto dilated = [](auto x) {
  ((x = relu{}(batch_norm{}(conv3d<Channels, kernel<3>, dilation<Dilations>, padding<Dilations>>{}(x)))), ...);
  return conv3d<Classes>{}(x);
};
inline constexpr auto meshed = dilated<5, 3, 1, 1, 2, 4, 8, 1>;

/// Everything that can be contiguous, and ways out of it and back.
inline constexpr auto mixed = [](auto x) {
  auto a = relu{}(conv2d<6, kernel<3>, padding<1>>{}(x));
  auto b = dropout<0.25>{}(hard_swish{}(batch_norm{}(conv2d<6, kernel<5>, padding<2>>{}(a))));
  a = sigmoid{}(add(a, conv2d<6>{}(b)));
  auto wide = relu{}(batch_norm{}(conv2d<20>{}(a)));
  wide = max_pool2d<kernel<3>, stride<1>, padding<1>>{}(wide);
  auto back = add(conv2d<6>{}(wide), dropout_channels<0.25>{}(a));
  return conv2d<2>{}(concat(elu{}(back), wide));
};

/// Bottlenecks as in a VB-Net, one of stride 2.
inline constexpr auto bottlenecks = [](auto x) {
  x = relu{}(batch_norm{}(conv3d<16>{}(conv3d<4, kernel<3>, padding<1>>{}(conv3d<4>{}(x)))));
  x = relu{}(batch_norm{}(conv3d<32>{}(conv3d<8, kernel<2>, stride<2>>{}(conv3d<8>{}(x)))));
  auto y = relu{}(batch_norm{}(conv3d<32>{}(conv3d<8, kernel<3>, padding<1>>{}(conv3d<8>{}(x)))));
  return conv3d<2>{}(add(x, y));
};

template <class Loss, class Net>
void check(const Net& net, const shape& input) {
  onednn_test::check_beside_reference<Loss>(net, input, 1e-4);
}

}  // namespace

TEST_CASE("a network of few channels is contiguous throughout") {
  const shape input(1, 1, 11, 18, 19);
  const auto predicts = tenon_test::compile_for_inference<onednn::capabilities>(described<void>(meshed, input));
  CHECK(count(predicts, operation::reorder) == 0);
  CHECK(count(predicts, operation::convolution) == 7);
  CHECK(predicts.graph.nodes.back().op == operation::convolution);
  CHECK(runs_by_kernels(predicts));
  const auto trains = tenon_test::compile_for_training<onednn::capabilities>(described<cross_entropy<>>(meshed, input),
                                                                             sgd<>::rule(), true);
  CHECK(count(trains, operation::reorder) == 0);
  CHECK(count(trains, operation::convolution_weight_gradient) == 7);
  CHECK(count(trains, operation::convolution_data_gradient) == 6);
  CHECK(count(trains, operation::batch_norm_gradient) == 6);
  CHECK(runs_by_kernels(trains));
  for (const node& each : trains.graph.nodes)
    for (std::int32_t r = 0; r < each.results.count; ++r)
      CHECK(trains.graph.view().result_value(each, r).arrangement == layout::contiguous);
}

TEST_CASE("a network of few channels has the reference's results and gradients") {
  check<cross_entropy<>>(meshed, shape(1, 1, 11, 18, 19));
  check<mean_square>(dilated<8, 1, 1, 3>, shape(2, 3, 3, 5, 33));
  check<binary_cross_entropy>(dilated<2, 2, 2, 1>, shape(1, 2, 4, 3, 7));
}

TEST_CASE("few channels between many have the reference's results and gradients") {
  for (const int channels : {1, 5, 19})
    for (const int extent : {1, 15, 34}) {
      INFO(channels << " channels, extent " << extent);
      check<cross_entropy<>>(mixed, shape(2, channels, 7, extent));
    }
}

TEST_CASE("bottlenecks have the reference's results and gradients") {
  check<cross_entropy<>>(bottlenecks, shape(1, 1, 6, 10, 34));
  const auto trains = tenon_test::compile_for_training<onednn::capabilities>(
      described<cross_entropy<>>(bottlenecks, shape(1, 1, 6, 10, 34)), sgd<>::rule(), false);
  int rows = 0, narrow = 0;
  for (const node& each : trains.graph.nodes) {
    rows += onednn::algorithm_of(each) == onednn::algorithm::rows ? 1 : 0;
    narrow += onednn::algorithm_of(each) == onednn::algorithm::narrow ? 1 : 0;
  }
  CHECK(rows >= 8);
  CHECK(narrow >= 9);
}
