// SPDX-License-Identifier: Apache-2.0
// Pointwise convolutions between few contiguous channels and blocked ones, by every instruction set, against sums
// written out.
#include "tenon/backends/kernels/convolution/narrow_convolution.hpp"

#include "harness.hpp"

using namespace harness;

namespace {

struct narrow_problem {
  int batch, narrow, wide, pixels;

  shape narrow_shape() const { return shape(batch, narrow, 1, pixels); }
  shape wide_shape() const { return shape(batch, wide, 1, pixels); }
  std::size_t narrow_at(int image, int channel, int pixel) const {
    return static_cast<std::size_t>((image * narrow + channel) * pixels + pixel);
  }
  std::size_t wide_at(int image, int channel, int pixel) const {
    return static_cast<std::size_t>((image * wide + channel) * pixels + pixel);
  }
};

double applied(activation function, double x) {
  return function == activation::relu ? std::max(x, 0.0) : function == activation::sigmoid ? 1 / (1 + std::exp(-x)) : x;
}

/// Results of one side from values of the other, and the sums of products.
void check(const narrow_problem& of, activation function, bool adds, kernels::isa set, int threads) {
  INFO(kernels::name_of(set) << ", " << threads << " threads: " << of.narrow << " and " << of.wide << " channels, "
                             << of.batch << " x " << of.pixels << ", " << name_of(function) << (adds ? ", adds" : ""));
  const thread_count_scope scope(threads);
  const int block = kernels::block_of(set);
  const auto rows = kernels::narrow_rows(of.narrow), stored = round_up(of.wide, std::int64_t{block});
  const tensor wide = blocked(of.wide_shape(), 1), narrow = contiguous(of.narrow_shape(), 2);
  const tensor more_wide = blocked(of.wide_shape(), 6), more_narrow = contiguous(of.narrow_shape(), 7);
  const auto w = drawn(of.narrow * of.wide, 3), wide_bias = drawn(of.wide, 4), narrow_bias = drawn(of.narrow, 5);
  auto to_wide = more_wide.values, to_narrow = more_narrow.values;
  std::vector<double> dw(w.size()), wide_sums(wide_bias.size()), narrow_sums(narrow_bias.size());
  if (!adds) to_wide.assign(to_wide.size(), 0), to_narrow.assign(to_narrow.size(), 0);
  for (int image = 0; image < of.batch; ++image)
    for (int pixel = 0; pixel < of.pixels; ++pixel) {
      for (int o = 0; o < of.narrow; ++o)
        for (int i = 0; i < of.wide; ++i) {
          const std::size_t at = static_cast<std::size_t>(o * of.wide + i);
          const std::size_t n = of.narrow_at(image, o, pixel), v = of.wide_at(image, i, pixel);
          to_narrow[n] += w[at] * wide.values[v];
          to_wide[v] += w[at] * narrow.values[n];
          dw[at] += wide.values[v] * narrow.values[n];
        }
      for (int o = 0; o < of.narrow; ++o) {
        double& y = to_narrow[of.narrow_at(image, o, pixel)];
        y = applied(function, y + narrow_bias[static_cast<std::size_t>(o)]);
        narrow_sums[static_cast<std::size_t>(o)] += narrow.values[of.narrow_at(image, o, pixel)];
      }
      for (int i = 0; i < of.wide; ++i) {
        double& y = to_wide[of.wide_at(image, i, pixel)];
        y = applied(function, y + wide_bias[static_cast<std::size_t>(i)]);
        wide_sums[static_cast<std::size_t>(i)] += wide.values[of.wide_at(image, i, pixel)];
      }
    }
  std::vector<float> weights(static_cast<std::size_t>(rows * stored)), biases(static_cast<std::size_t>(stored));
  for (int o = 0; o < of.narrow; ++o)
    for (int i = 0; i < of.wide; ++i)
      weights[static_cast<std::size_t>(o * stored + i)] =
          static_cast<float>(w[static_cast<std::size_t>(o * of.wide + i)]);
  const auto fill_biases = [&](const std::vector<double>& from) {
    biases.assign(biases.size(), 0);
    std::copy(from.begin(), from.end(), biases.begin());
  };
  placed_tensor wide_source(wide, block), narrow_source(narrow, block);
  // Results overwrite what is added.
  placed_tensor wide_result(more_wide, block), narrow_result(more_narrow, block);

  fill_biases(wide_bias);
  kernels::convolve_to_wide(set, {wide_result.view(), narrow_source.view(), weights.data(), biases.data(),
                                  adds ? wide_result.view().as<const float>() : nullptr, function});
  CHECK(relative_difference(wide_result.values(), to_wide) < 1e-5);
  CHECK((wide_result.padding_is_zero() && wide_result.guards_hold()));
  fill_biases(narrow_bias);
  kernels::convolve_to_narrow(set, {wide_source.view(), narrow_result.view(), weights.data(), biases.data(),
                                    adds ? narrow_result.view().as<const float>() : nullptr, function});
  CHECK(relative_difference(narrow_result.values(), to_narrow) < 1e-5);
  CHECK(narrow_result.guards_hold());

  std::vector<float> sums(static_cast<std::size_t>(kernels::narrow_gradient_sums(of.narrow, stored)), 1e30f);
  for (const bool narrow_first : {false, true}) {
    std::vector<float> found(w.size()), found_wide(wide_sums.size()), found_narrow(narrow_sums.size());
    kernels::narrow_weight_gradient(
        set, {wide_source.view(), narrow_source.view(), sums.data(), found.data(), narrow_first ? of.wide : 1,
              narrow_first ? 1 : of.narrow, narrow_first ? found_narrow.data() : nullptr,
              narrow_first ? nullptr : found_wide.data()});
    std::vector<double> ordered(found.size());
    for (int o = 0; o < of.narrow; ++o)
      for (int i = 0; i < of.wide; ++i)
        ordered[static_cast<std::size_t>(o * of.wide + i)] =
            static_cast<double>(found[static_cast<std::size_t>(narrow_first ? o * of.wide + i : i * of.narrow + o)]);
    CHECK(relative_difference(ordered, dw) < 1e-5);
    if (narrow_first)
      CHECK(relative_difference({found_narrow.begin(), found_narrow.end()}, narrow_sums) < 1e-5);
    else
      CHECK(relative_difference({found_wide.begin(), found_wide.end()}, wide_sums) < 1e-5);
  }
}

}  // namespace

TEST_CASE("few channels beside blocked ones equal sums written out", "[kernels]") {
  constexpr activation functions[] = {activation::none, activation::relu, activation::sigmoid};
  int turn = 0;
  for (const int narrow : {1, 2, 3, 4, 5, 7, 8})
    for (const int wide : {1, 4, 8, 16, 19, 40})
      for (const int pixels : {1, 15, 17, 65, 600}) {
        ++turn;
        for (const kernels::isa set : sets())
          check(narrow_problem{1 + turn % 2, narrow, wide, pixels}, functions[turn % 3], turn % 4 == 0, set,
                1 + turn / 2 % 2);
      }
}
