// SPDX-License-Identifier: Apache-2.0
// A fused convolution + batch norm + ReLU beside its three parts, each a predictor of its own.
#include <benchmark/benchmark.h>

#include <vector>

#include "tenon/tenon.hpp"

namespace {

using namespace tenon::layers;

template <int Channels, int Kernel>
inline constexpr auto convolve = conv2d<Channels, kernel<Kernel>, no_bias>{};
inline constexpr auto norm_alone = batch_norm{};
inline constexpr auto relu_alone = relu{};
template <int Channels, int Kernel>
inline constexpr auto fused = convolve<Channels, Kernel> >> batch_norm{} >> relu{};

template <int Channels, int Size>
using picture = tenon::image<1, Channels, Size, Size>;

template <int Channels, int Size>
std::vector<float> pixels() {
  std::vector<float> values(static_cast<std::size_t>(Channels) * Size * Size);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7919 % 1000) / 500 - 1;
  return values;
}

// Runs a predictor's nodes but the reorders of its input and output: what is compared are the layers alone.
template <class Predictor>
void compute(const Predictor& net) {
  const auto& graph = net.execution().plan().graph;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    if (graph.node_at(i).op != tenon::operation::reorder) net.execution().program().run(i, i + 1);
  }
}

template <int Channels, int Size, int Kernel>
void run_fused(benchmark::State& state) {
  tenon::predictor<fused<Channels, Kernel>, picture<Channels, Size>> net{tenon::initialize(1), tenon::threads{1}};
  const std::vector<float> values = pixels<Channels, Size>();
  net(tenon::tensor_view(values, 1, Channels, Size, Size));
  for (auto _ : state) compute(net);
}

template <int Channels, int Size, int Kernel>
void run_parts(benchmark::State& state) {
  tenon::predictor<convolve<Channels, Kernel>, picture<Channels, Size>> first{tenon::initialize(1), tenon::threads{1}};
  tenon::predictor<norm_alone, picture<Channels, Size>> second{tenon::initialize(1), tenon::threads{1}};
  tenon::predictor<relu_alone, picture<Channels, Size>> third{tenon::initialize(1), tenon::threads{1}};
  const std::vector<float> values = pixels<Channels, Size>();
  const tenon::tensor_view<const float, 4> image(values, 1, Channels, Size, Size);
  first(image), second(image), third(image);
  for (auto _ : state) compute(first), compute(second), compute(third);
}

BENCHMARK_TEMPLATE(run_fused, 64, 128, 3)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(run_parts, 64, 128, 3)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(run_fused, 256, 32, 3)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(run_parts, 256, 32, 3)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(run_fused, 64, 128, 1)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(run_parts, 64, 128, 1)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(run_fused, 256, 64, 1)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(run_parts, 256, 64, 1)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
