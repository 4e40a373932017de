// SPDX-License-Identifier: Apache-2.0
// The reference updates against values of PyTorch 2.
#include "harness.hpp"

namespace {
using namespace harness;

/// Parameters after three steps with gradients (s + 1) * {0.3, -0.2, 0.1} + 0.1 * s, s from 0, and the given state.
template <class T>
std::vector<T> after_three_steps(operation op, const attributes& attribute, int states) {
  const shape of(3);
  tensor<T> parameter(of, {T{1}, static_cast<T>(-0.5), static_cast<T>(0.25)}), first(of), second(of);
  for (int s = 0; s < 3; ++s) {
    tensor<T> gradient(of);
    const double slopes[] = {0.3, -0.2, 0.1};
    for (std::size_t i = 0; i < 3; ++i) gradient.values[i] = static_cast<T>(slopes[i] * (s + 1) + 0.1 * s);
    std::vector<tensor<T>*> operands{&parameter, &gradient};
    if (states > 0) operands.push_back(&first);
    if (states > 1) operands.push_back(&second);
    execute<T>(op, attribute, operands, {}, {0.125F, s + 1});
  }
  return parameter.values;
}

void expect(operation op, const attributes& attribute, int states, const std::vector<double>& expected) {
  CHECK(relative_difference(after_three_steps<double>(op, attribute, states), expected) < 1e-11);
  CHECK(relative_difference(after_three_steps<float>(op, attribute, states), expected) < 1e-6);
}
}  // namespace

TEST_CASE("stochastic gradient descent steps as PyTorch's") {
  attributes attribute;
  attribute.weight_decay = 0.01;
  expect(operation::sgd, attribute, 0, {0.733957751953, -0.385736678711, 0.136641776855});
  attribute.momentum = 0.9;
  expect(operation::sgd, attribute, 1, {0.587907439453, -0.307663084961, 0.0807299799805});
  attribute.nesterov = true;
  expect(operation::sgd, attribute, 1, {0.363500128459, -0.212870997247, -0.0155423920015});
}

TEST_CASE("Adam and AdamW step as PyTorch's") {
  attributes attribute;
  attribute.weight_decay = 0.01;
  attribute.beta1 = 0.9;
  attribute.beta2 = 0.99;
  attribute.epsilon = 1e-3;
  expect(operation::adam, attribute, 2, {0.639469200425, -0.129307366019, -0.10252019894});
  attribute.decoupled = true;
  expect(operation::adam, attribute, 2, {0.636754470843, -0.128172372954, -0.102446780806});
}

TEST_CASE("running statistics move as PyTorch's, with an unbiased variance") {
  const shape channels(2);
  tensor<double> x(shape(1, 2, 2, 3));
  for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] = std::pow(static_cast<double>(i), 1.5);
  const tensor<double> ones(channels, 1), zeros(channels);
  auto batch = evaluate<double>(operation::batch_norm_training, {}, {x, ones, zeros}, {x.extents, channels, channels});
  tensor<double> mean(channels, {0.5, -1}), variance(channels, {1, 1});
  attributes attribute;
  attribute.momentum = 0.1;
  attribute.scale = 6.0 / 5;
  execute<double>(operation::running_statistics, attribute, {&batch[1], &batch[2], &mean, &variance}, {});
  CHECK(relative_difference(mean.values, std::vector<double>{0.920081990583, 1.61583773213}) < 1e-11);
  CHECK(relative_difference(variance.values, std::vector<double>{2.74827506556, 7.56672606718}) < 1e-11);
}
