// SPDX-License-Identifier: Apache-2.0
// SGD, Adam and running statistics.
#include "harness.hpp"

using namespace harness;

TEST_CASE("SGD equals the reference", "[kernels]") {
  for (const std::int32_t count : {1, 5, 16, 33, 4099, 9001})
    for (const double momentum : {0.0, 0.9})
      for (const bool nesterov : {false, true}) {
        single_node of;
        of.op = operation::sgd;
        of.attribute.momentum = momentum;
        of.attribute.nesterov = nesterov;
        of.attribute.weight_decay = 1e-2;
        of.arguments = {.learning_rate = 0.05f, .step = 3};
        of.operands = {contiguous(shape(count), 1), contiguous(shape(count), 2)};
        if (momentum != 0) of.operands.push_back(contiguous(shape(count), 3));
        check(of);
      }
}

TEST_CASE("Adam and AdamW equal the reference", "[kernels]") {
  for (const std::int32_t count : {1, 5, 16, 33, 4099, 9001})
    for (const bool decoupled : {false, true})
      for (const std::int64_t step : {1, 7, 20000}) {
        single_node of;
        of.op = operation::adam;
        of.attribute.decoupled = decoupled;
        of.attribute.weight_decay = 1e-2;
        of.attribute.epsilon = 1e-8;
        of.attribute.beta1 = 0.9;
        of.attribute.beta2 = 0.999;
        of.arguments = {.learning_rate = 1e-2f, .step = step};
        of.operands = {contiguous(shape(count), 1), contiguous(shape(count), 2), contiguous(shape(count), 3),
                       contiguous(shape(count), 4, 0, 1)};
        check(of);
      }
}

TEST_CASE("running statistics equal the reference", "[kernels]") {
  for (const std::int32_t channels : {1, 3, 16, 33}) {
    single_node of;
    of.op = operation::running_statistics;
    of.attribute.momentum = 0.1;
    of.attribute.scale = 35.0 / 34;
    of.operands = {contiguous(shape(channels), 1), contiguous(shape(channels), 2, 0.1, 1),
                   contiguous(shape(channels), 3), contiguous(shape(channels), 4, 0.1, 1)};
    check(of);
  }
}
