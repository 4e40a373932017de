// SPDX-License-Identifier: Apache-2.0
// Networks of few channels are plain throughout: no reorder, no code of others' reference, and the reference's results.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/machine.hpp"
#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon;
using namespace tenon::layers;
using tenon_test::compiled_graph;
using tenon_test::machine;

template <class Loss, class Net>
growing_graph described(const Net& net, const shape& input) {
  builder to = lower<1>(net, std::array<shape, 1>{input});
  if constexpr (!std::is_void_v<Loss>) loss_list<Loss>::type::append_all(to);
  return std::move(to.graph);
}

/// Results of the oneDNN backend against those of the reference, with all that is dead poisoned: outputs or the loss,
/// parameters after a step, running statistics.
void compare(const compiled_graph& fast, const compiled_graph& plain, int threads, double rate) {
  machine<onednn::program> found(fast, 2, threads);
  machine<reference::program<float>> expected(plain, 2, 1);
  found.run(5, true, {static_cast<float>(rate), 1});
  expected.run(5, false, {static_cast<float>(rate), 1});
  const auto results = found.results(), wanted = expected.results();
  REQUIRE(results.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    REQUIRE(results[i].size() == wanted[i].size());
    double greatest = 1e-6, apart = 0;
    for (std::size_t at = 0; at < wanted[i].size(); at += 4) {
      float a, b;
      std::memcpy(&a, results[i].data() + at, 4);
      std::memcpy(&b, wanted[i].data() + at, 4);
      apart = std::max(apart, std::isfinite(a) ? std::abs(static_cast<double>(a) - static_cast<double>(b)) : 1e30);
      greatest = std::max(greatest, std::abs(static_cast<double>(b)));
    }
    INFO("memory " << i);
    CHECK(apart <= 1e-4 * greatest);
  }
}

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

/// Everything that can be plain, and ways out of it and back.
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
  const growing_graph predicts = described<void>(net, input), trains = described<Loss>(net, input);
  const optimizer_rule rule = sgd<>::rule();
  for (const int threads : {1, 2}) {
    INFO(threads << " threads");
    compare(tenon_test::compile_for_inference<onednn::capabilities>(predicts),
            tenon_test::compile_for_inference<reference::capabilities>(predicts), threads, 0.125);
    compare(tenon_test::compile_for_training<onednn::capabilities>(trains, rule, true),
            tenon_test::compile_for_training<reference::capabilities>(trains, rule, true), threads, 0.125);
  }
}

}  // namespace

TEST_CASE("a network of few channels is plain throughout") {
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
      CHECK(trains.graph.view().result_value(each, r).arrangement == layout::plain);
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
    rows += onednn::convolves_rows(trains.graph.view(), each) ? 1 : 0;
    narrow += onednn::is_narrow(trains.graph.view(), each) ? 1 : 0;
  }
  CHECK(rows >= 8);
  CHECK(narrow >= 9);
}
