// SPDX-License-Identifier: Apache-2.0
// A trainer has no loss: one error, though it is used.
// expect: an optimizer without a loss: a trainer takes both, cross_entropy<>, sgd<>
// errors: 1
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4, kernel<3>>{} >> relu{};

#ifdef FIXED
using teacher = tenon::trainer<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>>;
#else
using teacher = tenon::trainer<net, tenon::image<1, 3, 16, 16>, tenon::sgd<>>;
#endif

void use(const tenon::tensor_view<const float, 4>& picture, const tenon::tensor_view<const float, 4>& wanted);
void use(const tenon::tensor_view<const float, 4>& picture, const tenon::tensor_view<const float, 4>& wanted) {
  teacher train{tenon::initialize(42)};
  train.step(picture, wanted, {.learning_rate = 0.1f});
  train.save("weights.safetensors");
}
