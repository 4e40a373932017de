// SPDX-License-Identifier: Apache-2.0
// Golden cases: networks whose outputs, losses, gradients and updates PyTorch has computed; see README.md.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/run_time_plan.hpp"
#include "tenon/layers/layers.hpp"

namespace golden {

using namespace tenon;

/// The network of a case, to be lowered for the shapes of the case's inputs.
struct network {
  std::function<growing_graph(std::span<const shape>)> plain, with_loss;
  optimizer_rule rule;
};

/// Describes the network of a case; the module of PyTorch has the same parameter names.
template <class Loss = mean_square, class Optimizer = sgd<>, std::size_t Inputs = 1, class Net>
network make(const Net& net) {
  return {[net](std::span<const shape> inputs) { return support::lower_network<Inputs>(net, inputs); },
          [net](std::span<const shape> inputs) { return support::lower_with_loss<Loss, Inputs>(net, inputs); },
          Optimizer::rule()};
}

struct test {
  std::string name;
  network net;
};

/// How far from PyTorch's a tensor may be: the greatest difference over the greatest magnitude expected.
struct tolerance {
  double outputs = 1e-5;
  double gradients = 1e-5;
  double updates = 1e-5;  ///< losses, and parameters and running statistics after the steps
};

/// The path of a golden file.
std::string path_of(std::string_view family);

/// The greatest difference over the greatest magnitude expected; infinite where one is not a number.
double relative_difference(std::span<const float> found, std::span<const float> expected);

/// Checks every case of a golden file on both backends, oneDNN with 1 and 2 threads: outputs, and after training steps
/// losses, the first step's gradients, parameters and running statistics. Fails for a case of the file without a test
/// and the reverse.
void check_all(std::string_view family, const std::vector<test>& tests, const tolerance& allowed = {});

}  // namespace golden
