// SPDX-License-Identifier: Apache-2.0
// Convolutions and transposed convolutions with their gradients against the reference, over awkward shapes.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "single_node.hpp"

namespace {

using namespace onednn_test;

struct geometry {
  std::vector<std::int32_t> input;  ///< N, C, [D,] H, W
  std::int32_t out = 1;
  std::int32_t kernel = 1;
  std::int32_t stride = 1;
  std::int32_t dilation = 1;
  std::int32_t padding_begin = 0;
  std::int32_t padding_end = 0;
  std::int32_t groups = 1;
  bool transposed = false;
  std::int32_t extra = 0;  ///< a transposed convolution's output padding
};

shape shape_of(const std::vector<std::int32_t>& extents) {
  shape result;
  for (const std::int32_t extent : extents) result.extents[static_cast<std::size_t>(result.rank++)] = extent;
  return result;
}

attributes attributes_of(const geometry& of, int spatial_rank) {
  attributes result;
  for (std::size_t i = static_cast<std::size_t>(3 - spatial_rank); i < 3; ++i) {
    result.kernel[i] = of.kernel;
    result.stride[i] = of.stride;
    result.dilation[i] = of.dilation;
    result.padding_begin[i] = of.padding_begin;
    result.padding_end[i] = of.padding_end;
  }
  result.groups = of.groups;
  return result;
}

shape output_of(const geometry& of, const shape& x) {
  shape y = x;
  y[1] = of.out;
  const std::int32_t reach = (of.kernel - 1) * of.dilation + 1, padding = of.padding_begin + of.padding_end;
  for (int i = 2; i < x.rank; ++i)
    y[i] =
        of.transposed ? (x[i] - 1) * of.stride - padding + reach + of.extra : (x[i] + padding - reach) / of.stride + 1;
  return y;
}

shape weights_of(const geometry& of, const shape& x) {
  shape w = x;
  w[0] = of.transposed ? x[1] : of.out;
  w[1] = (of.transposed ? of.out : x[1]) / of.groups;
  for (int i = 2; i < x.rank; ++i) w[i] = of.kernel;
  return w;
}

enum class residual { none, in_place, apart, source };

/// What a convolution does to its sums.
struct ending {
  bool biased = false;
  bool folded = false;
  activation function = activation::none;
  residual adds = residual::none;
};

struct variant {
  static constexpr ending bare{}, biased{true}, rectified{false, false, activation::relu}, folded{false, true},
      biased_rectified{true, false, activation::relu}, folded_biased_rectified{true, true, activation::relu};
};

std::string run_forward(const geometry& of, const ending& after, int threads, bool stem = false) {
  const shape x = shape_of(of.input);
  attributes attribute = attributes_of(of, x.spatial_rank());
  attribute.has_bias = after.biased;
  attribute.folds_norm = after.folded;
  attribute.epsilon = 1e-3;
  attribute.fused = after.function;
  attribute.slope = after.function == activation::elu ? 0.75 : 0.125;
  attribute.adds = after.adds != residual::none;
  single_node test(of.transposed ? operation::transposed_convolution : operation::convolution, attribute);
  if (stem)
    test.contiguous_operand(x, operation::input);
  else
    test.operand(x, operation::input);
  test.contiguous_operand(weights_of(of, x), operation::parameter);
  if (attribute.has_bias) test.contiguous_operand(shape(of.out), operation::parameter);
  if (attribute.folds_norm) {
    test.contiguous_operand(shape(of.out), operation::parameter);
    test.contiguous_operand(shape(of.out), operation::parameter);
    test.contiguous_operand(shape(of.out), operation::buffer);
    test.contiguous_operand(shape(of.out), operation::buffer, true);
  }
  if (after.adds == residual::source) test.again(0);
  if (after.adds == residual::in_place || after.adds == residual::apart)
    test.operand(output_of(of, x), operation::input);
  if (after.adds == residual::in_place) test.overwrite(test.last_operand());
  test.result(output_of(of, x));
  test.compare(threads);
  return test.implementation;
}

std::string run_data_gradient(const geometry& of, int threads) {
  const shape x = shape_of(of.input);
  single_node test(
      of.transposed ? operation::transposed_convolution_data_gradient : operation::convolution_data_gradient,
      attributes_of(of, x.spatial_rank()));
  test.operand(output_of(of, x), operation::input);
  test.contiguous_operand(weights_of(of, x), operation::parameter);
  test.result(x);
  test.compare(threads);
  return test.implementation;
}

std::string run_weight_gradient(const geometry& of, bool biased, int threads, bool stem = false) {
  const shape x = shape_of(of.input);
  attributes attribute = attributes_of(of, x.spatial_rank());
  attribute.has_bias = biased;
  single_node test(
      of.transposed ? operation::transposed_convolution_weight_gradient : operation::convolution_weight_gradient,
      attribute);
  if (stem)
    test.contiguous_operand(x, operation::input);
  else
    test.operand(x, operation::input);
  test.operand(output_of(of, x), operation::input);
  test.result(weights_of(of, x));
  if (biased) test.result(shape(of.out));
  test.compare(threads);
  return test.implementation;
}

std::string name_of(const geometry& of) {
  std::string name = of.transposed ? "transposed" : "convolution";
  for (const std::int32_t extent : of.input) name += " " + std::to_string(extent);
  return name + " -> " + std::to_string(of.out) + " k" + std::to_string(of.kernel) + " s" + std::to_string(of.stride) +
         " d" + std::to_string(of.dilation) + " p" + std::to_string(of.padding_begin) + "," +
         std::to_string(of.padding_end) + " g" + std::to_string(of.groups) + " e" + std::to_string(of.extra);
}

/// The implementations oneDNN chose for the three directions.
struct implementations {
  std::string forward, data_gradient, weight_gradient;
};

implementations run_all(const geometry& of) {
  INFO(name_of(of));
  implementations used;
  for (const int threads : {1, 2}) {
    INFO(threads << " threads");
    used.forward = run_forward(of, variant::bare, threads);
    if (of.transposed) {
      run_forward(of, variant::biased, threads);
      run_forward(of, variant::rectified, threads);
    } else {
      run_forward(of, variant::folded, threads);
      run_forward(of, variant::folded_biased_rectified, threads);
    }
    run_forward(of, variant::biased_rectified, threads);
    used.data_gradient = run_data_gradient(of, threads);
    used.weight_gradient = run_weight_gradient(of, true, threads);
    run_weight_gradient(of, false, threads);
  }
  return used;
}

/// Whether a node runs oneDNN's code for the machine's instruction set, or ours.
void check_fast(const std::string& implementation) {
  const kernels::isa set = onednn::effective_isa();
  if (set == kernels::isa::baseline) return;
  if (implementation.starts_with("kernels:")) {
    CHECK(implementation == "kernels:" + std::string(kernels::name_of(set)));
    return;
  }
  const std::string expected = set == kernels::isa::avx512 ? "avx512" : "avx2";
  CHECK_THAT(implementation, Catch::Contains("jit"));
  CHECK_THAT(implementation, Catch::Contains(expected));
}

void run_all_fast(const geometry& of) {
  const implementations used = run_all(of);
  INFO(name_of(of));
  check_fast(used.forward);
  check_fast(used.data_gradient);
  check_fast(used.weight_gradient);
}

}  // namespace

TEST_CASE("dense convolutions equal the reference and run fast code for every number of channels") {
  for (const std::int32_t in : {1, 3, 5, 11, 19, 33, 64})
    for (const std::int32_t out : {1, 3, 5, 11, 19, 33, 64}) {
      run_all_fast({{1, in, 7, 9}, out, 3, 1, 1, 1, 1});
      run_all_fast({{3, in, 5, 6}, out, 1});
    }
}

TEST_CASE("strided, dilated and asymmetrically padded convolutions equal the reference") {
  for (const std::int32_t channels : {3, 19, 64}) {
    run_all_fast({{3, channels, 9, 11}, 33, 3, 2, 1, 1, 1});
    run_all_fast({{1, channels, 8, 10}, 16, 3, 2, 1, 1, 1});
    run_all_fast({{1, channels, 8, 8}, 16, 1, 2});
    run_all_fast({{1, channels, 8, 9}, 16, 3, 2, 1, 0, 1});
    run_all_fast({{1, channels, 9, 9}, 16, 2, 2});
    run_all_fast({{1, channels, 13, 12}, 32, 3, 1, 2, 2, 2});
    run_all_fast({{3, channels, 1, 1}, 11, 1});
    run_all_fast({{1, channels, 12, 13}, 16, 7, 2, 1, 3, 3});
    run_all_fast({{1, channels, 6, 7}, 16, 5, 1, 1, 2, 2});
    run_all_fast({{1, channels, 6, 7}, 16, 4, 1, 1, 1, 2});
    // Here some taps see nothing but padding, or stride and dilation meet.
    run_all_fast({{1, channels, 5, 6}, 16, 3, 1, 12, 12, 12});
    run_all_fast({{1, channels, 1, 1}, 16, 3, 1, 1, 1, 1});
    run_all_fast({{1, channels, 9, 6}, 16, 3, 2, 2, 2, 2});
  }
}

TEST_CASE("grouped convolutions equal the reference") {
  run_all_fast({{1, 64, 7, 6}, 64, 3, 1, 1, 1, 1, 4});
  run_all_fast({{1, 64, 7, 6}, 32, 3, 2, 1, 1, 1, 2});
  run_all_fast({{3, 12, 7, 6}, 6, 3, 1, 1, 1, 1, 3});
  run_all_fast({{1, 6, 5, 5}, 12, 1, 1, 1, 0, 0, 2});
  run_all_fast({{1, 38, 9, 21}, 38, 3, 1, 2, 2, 2, 2});
  run_all_fast({{1, 24, 9, 8}, 48, 3, 2, 1, 1, 1, 3});
  run_all_fast({{1, 128, 6, 5}, 64, 3, 1, 1, 0, 1, 32});
  run_all_fast({{1, 40, 5, 4, 6}, 20, 3, 2, 1, 1, 1, 4});
  run_all_fast({{1, 20, 5, 4, 6}, 40, 3, 1, 2, 2, 2, 20});
}

TEST_CASE("depthwise convolutions equal the reference for every stride and dilation") {
  for (const std::int32_t channels : {3, 16, 19, 64}) {
    run_all_fast({{1, channels, 7, 9}, channels, 3, 1, 1, 1, 1, channels});
    run_all_fast({{3, channels, 9, 8}, channels, 3, 2, 1, 1, 1, channels});
    run_all_fast({{1, channels, 9, 8}, channels, 3, 1, 2, 2, 2, channels});
  }
  for (const std::int32_t channels : {3, 19}) {
    run_all_fast({{1, channels, 9, 8}, channels, 3, 3, 1, 0, 2, channels});
    run_all_fast({{1, channels, 12, 13}, channels, 3, 2, 2, 2, 2, channels});
    run_all_fast({{1, channels, 31, 29}, channels, 3, 1, 12, 12, 12, channels});
    run_all_fast({{1, channels, 5, 6}, channels, 3, 1, 18, 18, 18, channels});
    run_all_fast({{1, channels, 8, 40}, channels, 5, 1, 1, 2, 2, channels});
    run_all_fast({{1, channels, 8, 7}, channels, 2, 2, 1, 0, 0, channels});
    run_all_fast({{1, channels, 6, 7}, channels, 1, 1, 1, 0, 0, channels});
    run_all_fast({{3, channels, 1, 1}, channels, 3, 1, 1, 1, 1, channels});
    run_all_fast({{1, channels, 5, 6}, 2 * channels, 3, 1, 1, 1, 1, channels});
    run_all_fast({{1, channels, 5, 6, 4}, channels, 3, 1, 1, 1, 1, channels});
    run_all_fast({{3, channels, 5, 6, 9}, channels, 3, 2, 1, 1, 1, channels});
    run_all_fast({{1, channels, 7, 8, 9}, channels, 3, 2, 2, 1, 2, channels});
    run_all_fast({{1, channels, 6, 6, 5}, channels, 5, 1, 1, 2, 2, channels});
  }
  run_all_fast({{1, 3, 6, 7, 8}, 3, 8, 1, 1, 3, 4, 3});  // more taps than the kernels take
}

TEST_CASE("convolutions in three dimensions equal the reference") {
  for (const std::int32_t channels : {1, 5, 16, 33}) {
    run_all_fast({{1, channels, 5, 4, 7}, 16, 3, 1, 1, 1, 1});
    run_all_fast({{3, channels, 4, 5, 5}, 11, 3, 2, 1, 1, 1});
    run_all_fast({{1, channels, 6, 5, 5}, 5, 3, 1, 2, 2, 2});
    run_all_fast({{1, channels, 3, 3, 4}, 32, 1});
    run_all_fast({{1, channels, 4, 4, 6}, 16, 2, 2});
    run_all_fast({{1, channels, 1, 1, 1}, 16, 3, 1, 1, 1, 1});
  }
}

TEST_CASE("transposed convolutions equal the reference") {
  for (const std::int32_t in : {1, 5, 16, 33, 64})
    for (const std::int32_t out : {1, 3, 16, 19, 32}) {
      run_all_fast({{1, in, 5, 4}, out, 2, 2, 1, 0, 0, 1, true});
      run_all_fast({{3, in, 4, 3}, out, 3, 2, 1, 1, 1, 1, true, 1});
    }
  run_all_fast({{1, 16, 5, 4}, 16, 3, 1, 1, 1, 1, 1, true});
  run_all_fast({{1, 16, 5, 4}, 16, 3, 2, 2, 1, 2, 1, true});
  run_all_fast({{1, 16, 5, 4}, 16, 4, 2, 1, 1, 1, 1, true});
  run_all_fast({{1, 16, 1, 1}, 11, 2, 2, 1, 0, 0, 1, true});
  run_all_fast({{1, 16, 3, 4}, 16, 2, 3, 1, 0, 0, 1, true, 2});
  run_all_fast({{1, 32, 3, 4}, 32, 2, 2, 1, 0, 0, 2, true});
  run_all_fast({{1, 12, 3, 4}, 6, 3, 2, 1, 1, 1, 3, true, 1});
  run_all_fast({{1, 16, 3, 4}, 16, 3, 2, 1, 1, 1, 16, true, 1});
  run_all_fast({{3, 19, 4, 5}, 19, 4, 2, 1, 1, 1, 19, true});
  run_all_fast({{1, 19, 4, 5}, 19, 3, 3, 2, 1, 2, 19, true, 2});
  run_all_fast({{1, 5, 3, 4, 5}, 5, 4, 2, 1, 1, 1, 5, true});
  run_all_fast({{1, 20, 3, 4, 5}, 10, 3, 2, 2, 1, 1, 5, true, 1});
  for (const std::int32_t channels : {5, 16}) {
    run_all_fast({{1, channels, 3, 2, 4}, 16, 2, 2, 1, 0, 0, 1, true});
    run_all_fast({{3, channels, 2, 3, 2}, 11, 3, 2, 1, 1, 1, 1, true, 1});
  }
}

TEST_CASE("convolutions add a value and apply every function") {
  constexpr activation functions[] = {activation::none,         activation::relu,      activation::leaky_relu,
                                      activation::relu6,        activation::elu,       activation::sigmoid,
                                      activation::hard_sigmoid, activation::hard_swish};
  for (const activation function : functions)
    for (const geometry& of :
         {geometry{{3, 19, 7, 9}, 19, 3, 1, 1, 1, 1}, geometry{{1, 32, 5, 6}, 32, 1},
          geometry{{1, 5, 4, 5, 6}, 5, 3, 1, 1, 1, 1}, geometry{{1, 64, 8, 9}, 64, 3, 1, 1, 1, 1, 64},
          geometry{{3, 19, 9, 8}, 19, 3, 1, 2, 2, 2, 19}, geometry{{1, 12, 7, 6}, 12, 3, 1, 1, 1, 1, 3},
          geometry{{1, 5, 4, 3, 9}, 5, 3, 1, 1, 1, 1, 5}, geometry{{1, 20, 1, 1}, 20, 3, 1, 1, 1, 1},
          geometry{{1, 8, 1, 1}, 8, 1}, geometry{{1, 5, 1, 1, 3}, 5, 1}})
      for (const residual adds : {residual::none, residual::in_place, residual::apart, residual::source})
        for (const int threads : {1, 2}) {
          INFO(name_of(of) << ", " << tenon::name_of(function) << ", " << static_cast<int>(adds) << ", " << threads
                           << " threads");
          run_forward(of, {false, false, function, adds}, threads);
          run_forward(of, {true, true, function, adds}, threads);
        }
  for (const activation function : functions)
    for (const geometry& of :
         {geometry{{3, 16, 5, 4}, 5, 2, 2, 1, 0, 0, 1, true}, geometry{{1, 5, 3, 2, 4}, 19, 2, 2, 1, 0, 0, 1, true}})
      for (const int threads : {1, 2}) {
        INFO(name_of(of) << ", " << tenon::name_of(function) << ", " << threads << " threads");
        run_forward(of, {false, false, function}, threads);
        run_forward(of, {true, false, function}, threads);
      }
}

TEST_CASE("the stem reads a contiguous network input") {
  for (const std::int32_t channels : {1, 3})
    for (const std::int32_t out : {5, 16, 32, 64})
      for (const geometry& of :
           {geometry{{1, channels, 17, 15}, out, 3, 1, 1, 1, 1}, geometry{{3, channels, 16, 18}, out, 3, 2, 1, 1, 1},
            geometry{{1, channels, 23, 20}, out, 7, 2, 1, 3, 3}, geometry{{1, channels, 7, 6, 9}, out, 3, 1, 1, 1, 1},
            geometry{{1, channels, 6, 9}, out, 1}})
        for (const int threads : {1, 2}) {
          INFO(name_of(of) << ", " << threads << " threads");
          const std::string forward = run_forward(of, variant::folded_biased_rectified, threads, true);
          run_forward(of, variant::bare, threads, true);
          const std::string gradient = run_weight_gradient(of, true, threads, true);
          run_weight_gradient(of, false, threads, true);
          check_fast(forward);
          check_fast(gradient);
        }
}
