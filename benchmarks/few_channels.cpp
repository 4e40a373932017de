// SPDX-License-Identifier: Apache-2.0
// Convolutions of few channels on contiguous values by kernels of ours, beside oneDNN's on channels-last and on blocked
// ones.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "tenon/backends/kernels/convolution/row_convolution.hpp"
#include "tenon/backends/kernels/convolution/row_weight_gradient.hpp"
#include "tenon/backends/onednn/program.hpp"
#include "tenon/core/allocation.hpp"

namespace {

using namespace tenon;

enum class way { contiguous, last, blocked };
enum class pass { forward, data, weights };

// Stride 1, a result as large as the source: Channels -> Channels, a kernel of 3 in each dimension.
struct problem {
  int rank, channels, size, dilation;

  std::int64_t taps() const { return rank == 3 ? 27 : 9; }
  shape extents() const { return rank == 3 ? shape(1, channels, size, size, size) : shape(1, channels, size, size); }
};

operand tensor(std::vector<float>& memory, const shape& extents) {
  return {reinterpret_cast<std::byte*>(memory.data()), extents, element_type::float32, layout::contiguous};
}

void run_contiguous(benchmark::State& state, const problem& of, pass direction) {
  const shape extents = of.extents();
  std::vector<float> x(static_cast<std::size_t>(extents.elements()), 0.5f), y(x.size(), 0.25f);
  const std::int64_t count = of.channels * of.channels * of.taps();
  std::vector<float> weights(static_cast<std::size_t>(count), 0.125f), bias(static_cast<std::size_t>(of.channels));
  std::vector<float> sums(static_cast<std::size_t>(kernels::row_gradient_sums(count, of.channels)));
  kernels::row_dimension along[3];
  for (int d = of.rank == 3 ? 0 : 1; d < 3; ++d) along[d] = {of.size, of.size, 3, of.dilation, -of.dilation};
  const kernels::isa set = onednn::effective_isa();
  const kernels::row_tiles tiles(1, of.channels, of.channels, along, kernels::width_of(set));
  const allocation memory = allocate(static_cast<std::size_t>(tiles.scratch_floats()) * sizeof(float), "scratch");
  const kernels::row_scratch scratch{reinterpret_cast<float*>(memory.get()), 1};
  for (auto _ : state) {
    if (direction == pass::weights) {
      kernels::row_weight_gradient(set, {tensor(x, extents),
                                         tensor(y, extents),
                                         sums.data(),
                                         weights.data(),
                                         bias.data(),
                                         {along[0], along[1], along[2]},
                                         scratch});
    } else {
      kernels::row_convolution(set, {tensor(x, extents),
                                     tensor(y, extents),
                                     weights.data(),
                                     direction == pass::forward ? bias.data() : nullptr,
                                     nullptr,
                                     activation::none,
                                     0,
                                     {along[0], along[1], along[2]},
                                     scratch});
    }
    benchmark::ClobberMemory();
  }
}

// The primitive that oneDNN chooses, weights in its layout. Blocked channels count up to whole blocks, as in plans.
void run_theirs(benchmark::State& state, const problem& of, pass direction, way by) {
  using dims = dnnl::memory::dims;
  using tag = dnnl::memory::format_tag;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const int block = kernels::block_of(onednn::effective_isa());
  const auto channels = by == way::blocked ? round_up(of.channels, block) : of.channels;
  dims grid{1, channels}, kernel{channels, channels};
  for (int d = 0; d < of.rank; ++d) {
    grid.push_back(of.size);
    kernel.push_back(3);
  }
  const dims strides(static_cast<std::size_t>(of.rank), 1), padding(strides.size(), of.dilation),
      dilation(strides.size(), of.dilation - 1);
  const tag last = of.rank == 3 ? tag::ndhwc : tag::nhwc;
  const tag blocked =
      of.rank == 3 ? (block == 16 ? tag::nCdhw16c : tag::nCdhw8c) : (block == 16 ? tag::nChw16c : tag::nChw8c);
  const auto f32 = dnnl::memory::data_type::f32;
  const dnnl::memory::desc values(grid, f32, by == way::last ? last : blocked), weights(kernel, f32, tag::any),
      bias({channels}, f32, tag::a);
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const dnnl::convolution_forward::primitive_desc forward(engine, dnnl::prop_kind::forward_training, algorithm, values,
                                                          weights, bias, values, strides, dilation, padding, padding);
  const dnnl::convolution_backward_data::primitive_desc data(engine, algorithm, values, weights, values, strides,
                                                             dilation, padding, padding, forward);
  const dnnl::convolution_backward_weights::primitive_desc gradient(engine, algorithm, values, weights, bias, values,
                                                                    strides, dilation, padding, padding, forward);
  const auto filled = [&](const dnnl::memory::desc& described) {
    dnnl::memory made(described, engine);
    std::fill_n(static_cast<float*>(made.get_data_handle()), described.get_size() / 4, 0.25f);
    return made;
  };
  std::unordered_map<int, dnnl::memory> arguments;
  dnnl::primitive run;
  std::string name;
  if (direction == pass::forward) {
    run = dnnl::convolution_forward(forward);
    name = forward.impl_info_str();
    arguments = {{DNNL_ARG_SRC, filled(values)},
                 {DNNL_ARG_WEIGHTS, filled(forward.weights_desc())},
                 {DNNL_ARG_BIAS, filled(bias)},
                 {DNNL_ARG_DST, filled(values)}};
  } else if (direction == pass::data) {
    run = dnnl::convolution_backward_data(data);
    name = data.impl_info_str();
    arguments = {{DNNL_ARG_DIFF_DST, filled(values)},
                 {DNNL_ARG_WEIGHTS, filled(data.weights_desc())},
                 {DNNL_ARG_DIFF_SRC, filled(values)}};
  } else {
    run = dnnl::convolution_backward_weights(gradient);
    name = gradient.impl_info_str();
    arguments = {{DNNL_ARG_SRC, filled(values)},
                 {DNNL_ARG_DIFF_DST, filled(values)},
                 {DNNL_ARG_DIFF_WEIGHTS, filled(gradient.diff_weights_desc())},
                 {DNNL_ARG_DIFF_BIAS, filled(bias)}};
  }
  if (name.find("ref") != std::string::npos) return state.SkipWithError("reference code, of minutes");
  for (auto _ : state) {
    run.execute(stream, arguments);
    stream.wait();
  }
  state.SetLabel(name);
}

void run(benchmark::State& state, const problem& of, pass direction, way by) {
  const thread_count_scope one(1);
  if (by == way::contiguous) return run_contiguous(state, of, direction);
  run_theirs(state, of, direction, by);
}

void add(const problem& of) {
  constexpr const char* passes[] = {"forward", "data gradient", "weight gradient"};
  constexpr const char* ways[] = {"contiguous", "channels-last", "blocked"};
  for (const pass direction : {pass::forward, pass::data, pass::weights})
    for (const way by : {way::contiguous, way::last, way::blocked}) {
      const std::string name = std::to_string(of.rank) + "-D, " + std::to_string(of.channels) + " channels, dilation " +
                               std::to_string(of.dilation) + ", " + passes[static_cast<int>(direction)] + ", " +
                               ways[static_cast<int>(by)];
      benchmark::RegisterBenchmark(name.c_str(), run, of, direction, by)->Unit(benchmark::kMillisecond);
    }
}

}  // namespace

// Interleaved and with medians: --benchmark_enable_random_interleaving=true --benchmark_repetitions=7.
int main(int count, char** arguments) {
  for (const int channels : {4, 5, 6, 7, 8}) {
    for (const int dilation : {1, 4}) add({3, channels, 64, dilation});
    add({2, channels, 512, 1});
  }
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
