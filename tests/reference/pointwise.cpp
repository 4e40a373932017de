// SPDX-License-Identifier: Apache-2.0
// The reference kernels that work element by element.
#include "harness.hpp"
#include "tenon/core/finite.hpp"

namespace {
using namespace harness;
const shape shapes[] = {shape(1, 1, 1, 1), shape(3, 5, 3, 7), shape(2, 19, 2, 1, 3)};
}  // namespace

TEST_CASE("relu keeps what is positive, and its gradient passes there") {
  for (const shape& of : shapes) {
    const auto x = random(of, 1), dy = random(of, 2);
    const auto y = evaluate_both(operation::activation, {.fused = activation::relu}, {x}, {of});
    for (std::size_t i = 0; i < x.values.size(); ++i) CHECK(y[0].values[i] == (x.values[i] > 0 ? x.values[i] : 0));
    const auto dx = evaluate_both(operation::activation_gradient, {.fused = activation::relu}, {y[0], dy}, {of});
    const auto forward = [&](const std::vector<tensor<double>>& operands) {
      return evaluate<double>(operation::activation, {.fused = activation::relu}, operands, {of})[0];
    };
    check_gradient(forward, {x}, 0, dy, dx[0]);
  }
}

TEST_CASE("relu keeps what is not a number, as PyTorch does") {
  const tensor<double> x(shape(1, 1, 1, 3), {std::numeric_limits<double>::quiet_NaN(), -1, 2});
  const auto y = evaluate<double>(operation::activation, {.fused = activation::relu}, {x}, {x.extents});
  CHECK(is_nan(y[0].values[0]));
  CHECK(y[0].values[1] == 0);
  CHECK(y[0].values[2] == 2);
}

TEST_CASE("the gradient of relu is 0 where its output is 0") {
  const shape of(1, 1, 1, 3);
  const tensor<double> y(of, {0, 2, 0}), dy(of, {5, 6, 7});
  CHECK(evaluate<double>(operation::activation_gradient, {.fused = activation::relu}, {y, dy}, {of})[0].values ==
        std::vector<double>{0, 6, 0});
}

TEST_CASE("activations are what their formulas say") {
  struct point {
    activation function;
    double slope, x, y;
  };
  const point points[] = {{activation::leaky_relu, 0.1, -2, -0.2},
                          {activation::leaky_relu, 0.1, 3, 3},
                          {activation::relu6, 0, -1, 0},
                          {activation::relu6, 0, 2.5, 2.5},
                          {activation::relu6, 0, 7, 6},
                          {activation::elu, 0.5, -1, 0.5 * (std::exp(-1.0) - 1)},
                          {activation::elu, 0.5, 2, 2},
                          {activation::sigmoid, 0, 0, 0.5},
                          {activation::sigmoid, 0, 1, 1 / (1 + std::exp(-1.0))},
                          {activation::sigmoid, 0, -1000, 0},
                          {activation::sigmoid, 0, 1000, 1},
                          {activation::hard_sigmoid, 0, -4, 0},
                          {activation::hard_sigmoid, 0, 1.5, 0.75},
                          {activation::hard_sigmoid, 0, 3.5, 1},
                          {activation::hard_swish, 0, -4, 0},
                          {activation::hard_swish, 0, -1.5, -0.375},
                          {activation::hard_swish, 0, 4, 4}};
  for (const point& each : points) {
    INFO(name_of(each.function) << " of " << each.x);
    const tensor<double> x(shape(1, 1, 1, 1), each.x);
    const attributes attribute{.fused = each.function, .slope = each.slope};
    const auto y = evaluate<double>(operation::activation, attribute, {x}, {x.extents});
    CHECK(y[0].values[0] == Approx(each.y).margin(1e-15));
  }
}

TEST_CASE("gradients of activations are those of central differences, in place too") {
  for (const activation function : {activation::leaky_relu, activation::relu6, activation::elu, activation::sigmoid,
                                    activation::hard_sigmoid, activation::hard_swish})
    for (const shape& of : shapes) {
      INFO(name_of(function));
      const attributes attribute{.fused = function, .slope = 0.3};
      auto x = random(of, 1);
      for (double& each : x.values) each *= 8;  // past all kinks
      const auto dy = random(of, 2);
      const auto y = evaluate_both(operation::activation, attribute, {x}, {of});
      const auto& from = has_gradient_from_result(function) ? y[0] : x;
      const auto dx = evaluate_both(operation::activation_gradient, attribute, {from, dy}, {of});
      const auto forward = [&](const std::vector<tensor<double>>& operands) {
        return evaluate<double>(operation::activation, attribute, operands, {of})[0];
      };
      check_gradient(forward, {x}, 0, dy, dx[0]);
      auto over = x;
      execute<double>(operation::activation, attribute, {&over}, {&over});
      CHECK(over.values == y[0].values);
      auto over_dy = dy, read = from;
      execute<double>(operation::activation_gradient, attribute, {&read, &over_dy}, {&over_dy});
      CHECK(over_dy.values == dx[0].values);
    }
}

TEST_CASE("prelu has a slope for each channel, or one") {
  for (const shape& of : shapes)
    for (const std::int32_t slopes : {of.channels(), 1}) {
      const auto x = random(of, 1), dy = random(of, 2), slope = random(shape(slopes), 3);
      const auto y = evaluate_both(operation::prelu, {}, {x, slope}, {of});
      for (std::int32_t c = 0; c < of.channels(); ++c) {
        const double factor = slope.values[slopes == 1 ? 0 : static_cast<std::size_t>(c)];
        const double value = x.at(0, c, 0, 0, 0);
        CHECK(y[0].at(0, c, 0, 0, 0) == (value > 0 ? value : factor * value));
      }
      const auto gradients = evaluate_both(operation::prelu_gradient, {}, {x, dy, slope}, {of, slope.extents});
      const auto forward = [&](const std::vector<tensor<double>>& operands) {
        return evaluate<double>(operation::prelu, {}, operands, {of})[0];
      };
      check_gradient(forward, {x, slope}, 0, dy, gradients[0]);
      check_gradient(forward, {x, slope}, 1, dy, gradients[1]);
      for (const bool over_dy : {false, true}) {
        auto first = x, second = dy, factors = slope;
        tensor<double> dslope(slope.extents);
        tensor<double>& dx = over_dy ? second : first;
        execute<double>(operation::prelu_gradient, {}, {&first, &second, &factors}, {&dx, &dslope});
        CHECK(dx.values == gradients[0].values);
        CHECK(dslope.values == gradients[1].values);
      }
    }
}

TEST_CASE("multiply multiplies by a tensor of its shape, or by one pixel an image") {
  for (const shape& of : shapes) {
    shape pixel = of;
    for (int i = 2; i < of.rank; ++i) pixel[i] = 1;
    for (const shape& other : {of, pixel}) {
      const auto a = random(of, 1), b = random(other, 2), dy = random(of, 3);
      const auto product = evaluate_both(operation::multiply, {}, {a, b}, {of});
      const std::size_t each = a.values.size() / b.values.size();
      for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(product[0].values[i] == a.values[i] * b.values[i / each]);
      const auto forward = [&](const std::vector<tensor<double>>& operands) {
        return evaluate<double>(operation::multiply, {}, operands, {of})[0];
      };
      const auto da = evaluate_both(operation::multiply, {}, {dy, b}, {of});
      check_gradient(forward, {a, b}, 0, dy, da[0]);
      const operation gradient = other == of ? operation::multiply : operation::multiply_gradient;
      check_gradient(forward, {a, b}, 1, dy, evaluate_both(gradient, {}, {a, dy}, {other})[0]);
      auto over = a, by = b;
      execute<double>(operation::multiply, {}, {&over, &by}, {&over});
      CHECK(over.values == product[0].values);
    }
  }
}

TEST_CASE("add adds, also a tensor to itself") {
  for (const shape& of : shapes) {
    const auto a = random(of, 1), b = random(of, 2);
    const auto sum = evaluate_both(operation::add, {}, {a, b}, {of});
    for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(sum[0].values[i] == a.values[i] + b.values[i]);
    auto twice = a;
    execute<double>(operation::add, {}, {&twice, &twice}, {&twice});
    for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(twice.values[i] == 2 * a.values[i]);
  }
}

TEST_CASE("element-wise kernels work in place") {
  const shape of(2, 3, 5, 7);
  const auto a = random(of, 1), b = random(of, 2);
  for (const operation op : {operation::add, operation::activation_gradient, operation::mean_square_gradient}) {
    const auto apart = evaluate<double>(op, {}, {a, b}, {of});
    auto first = a, second = b;
    execute<double>(op, {}, {&first, &second}, {&first});
    CHECK(first.values == apart[0].values);
    first = a;
    execute<double>(op, {}, {&first, &second}, {&second});
    CHECK(second.values == apart[0].values);
  }
  const auto apart = evaluate<double>(operation::activation, {.fused = activation::relu}, {a}, {of});
  auto x = a;
  execute<double>(operation::activation, {.fused = activation::relu}, {&x}, {&x});
  CHECK(x.values == apart[0].values);
}
