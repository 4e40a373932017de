// SPDX-License-Identifier: Apache-2.0
// What is not finite comes out of the reference kernels as out of PyTorch; not_finite.py makes the tables.
#include <limits>

#include "harness.hpp"

namespace {

using namespace harness;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

/// Arguments, and gradients that arrive.
const std::vector<double> arguments_given{nan_value, inf, -inf, -1.5, 2.5, 7, -1.5, 2.5, 7};
const std::vector<double> gradients_given{2, 2, 2, 2, 2, 2, nan_value, nan_value, nan_value};

/// A function's results, and the gradients before it.
struct function_row {
  activation function;
  std::vector<double> results, gradients;
};
const function_row functions[] = {
    {activation::relu, {nan_value, inf, 0, 0, 2.5, 7, 0, 2.5, 7}, {2, 2, 0, 0, 2, 2, 0, nan_value, nan_value}},
    {activation::leaky_relu,
     {nan_value, inf, -inf, -0.1875, 2.5, 7, -0.1875, 2.5, 7},
     {0.25, 2, 0.25, 0.25, 2, 2, nan_value, nan_value, nan_value}},
    {activation::relu6, {nan_value, 6, 0, 0, 2.5, 6, 0, 2.5, 6}, {2, 0, 0, 0, 2, 0, 0, nan_value, 0}},
    {activation::elu,
     {nan_value, inf, -1, -0.77686983, 2.5, 7, -0.77686983, 2.5, 7},
     {2, 2, 0, 0.44626033, 2, 2, nan_value, nan_value, nan_value}},
    {activation::sigmoid,
     {nan_value, 1, 0, 0.18242553, 0.92414182, 0.999089, 0.18242553, 0.92414182, 0.999089},
     {nan_value, 0, 0, 0.29829293, 0.14020742, 0.0018203349, nan_value, nan_value, nan_value}},
    {activation::hard_sigmoid,
     {nan_value, 1, 0, 0.25, 0.91666669, 1, 0.25, 0.91666669, 1},
     {0, 0, 0, 0.33333334, 0.33333334, 0, nan_value, nan_value, 0}},
    {activation::hard_swish,
     {nan_value, inf, nan_value, -0.375, 2.2916667, 7, -0.375, 2.2916667, 7},
     {2, 2, 0, 0, 2.6666665, 2, nan_value, nan_value, nan_value}},
};

/// Logits of one pixel, their softmax, and for each label the cross entropy and its gradient.
struct logits_row {
  std::vector<double> logits, shares, losses, gradients;
};
const logits_row pixels[] = {
    {{nan_value, 1, 2},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value}},
    {{1, 2, nan_value},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value}},
    {{inf, 1, 2},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value}},
    {{1, inf, inf},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value}},
    {{-inf, 1, 2},
     {0, 0.26894142, 0.73105858},
     {inf, 1.3132617, 0.31326169},
     {-1, 0.26894142, 0.73105858, 0, -0.73105858, 0.73105858, 0, 0.26894142, -0.26894142}},
    {{-inf, -inf, 2}, {0, 0, 1}, {inf, inf, 0}, {-1, 0, 1, 0, -1, 1, 0, 0, 0}},
    {{-inf, -inf, -inf},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value},
     {nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value, nan_value}},
};

void check_alike(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("element " << i);
    if (std::isfinite(expected[i]))
      CHECK(found[i] == Approx(expected[i]).margin(1e-6));
    else
      CHECK((found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))));
  }
}

}  // namespace

TEST_CASE("activations make of what is not finite what PyTorch makes of it") {
  const shape of(1, 1, 1, static_cast<std::int32_t>(arguments_given.size()));
  for (const function_row& each : functions) {
    INFO(name_of(each.function));
    const attributes attribute{.fused = each.function, .slope = each.function == activation::elu ? 1 : 0.125};
    const tensor<double> x(of, arguments_given), dy(of, gradients_given);
    const auto y = evaluate<double>(operation::activation, attribute, {x}, {of})[0];
    check_alike(y.values, each.results);
    const tensor<double>& from = has_gradient_from_result(each.function) ? y : x;
    check_alike(evaluate<double>(operation::activation_gradient, attribute, {from, dy}, {of})[0].values,
                each.gradients);
  }
}

TEST_CASE("softmax and cross entropy make of what is not finite what PyTorch makes of it") {
  const shape of(1, 3, 1, 1), scalar;
  for (const logits_row& each : pixels) {
    const tensor<double> x(of, each.logits);
    CAPTURE(each.logits);
    check_alike(evaluate<double>(operation::softmax, {}, {x}, {of})[0].values, each.shares);
    for (std::int32_t label = 0; label < 3; ++label) {
      INFO("label " << label);
      const auto target = labels(shape(1, 1, 1), {label});
      const auto loss = evaluate<double>(operation::cross_entropy, {}, {x, target}, {scalar, scalar});
      check_alike({loss[0].values[0]}, {each.losses[static_cast<std::size_t>(label)]});
      const auto dx = evaluate<double>(operation::cross_entropy_gradient, {}, {x, target, loss[1]}, {of});
      check_alike(dx[0].values, {each.gradients.begin() + 3 * label, each.gradients.begin() + 3 * label + 3});
    }
  }
}
