// SPDX-License-Identifier: Apache-2.0
// A dynamic_trainer is given its pictures as they lie in memory, without their extents: one error.
// expect: inputs and targets are tensor_views: tensor_view\(pictures, N, C, H, W\), tensor_view\(labels, N, H, W\)
// errors: 1
#include <vector>

#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4, kernel<3>>{} >> relu{};
using teacher = tenon::dynamic_trainer<net, tenon::cross_entropy<>, tenon::sgd<>>;

float use(teacher& train, const std::vector<float>& pictures, const std::vector<std::uint8_t>& labels);
float use(teacher& train, const std::vector<float>& pictures, const std::vector<std::uint8_t>& labels) {
  const tenon::tensor_view truth(labels, 1, 16, 16);
#ifdef FIXED
  return train.step(tenon::tensor_view(pictures, 1, 3, 16, 16), truth, {.learning_rate = 0.1f});
#else
  return train.step(pictures, truth, {.learning_rate = 0.1f});
#endif
}
