// SPDX-License-Identifier: Apache-2.0
// The reference kernels that work element by element.
#include "harness.hpp"

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
  CHECK(std::isnan(y[0].values[0]));
  CHECK(y[0].values[1] == 0);
  CHECK(y[0].values[2] == 2);
}

TEST_CASE("the gradient of relu is 0 where its output is 0") {
  const shape of(1, 1, 1, 3);
  const tensor<double> y(of, {0, 2, 0}), dy(of, {5, 6, 7});
  CHECK(evaluate<double>(operation::activation_gradient, {.fused = activation::relu}, {y, dy}, {of})[0].values ==
        std::vector<double>{0, 6, 0});
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
