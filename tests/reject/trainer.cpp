// SPDX-License-Identifier: Apache-2.0
// A trainer of a wrong network says what is wrong, before anything that follows from it.
// expect: network_error<(\w+::)*problem::losses_differ_from_outputs, (\w+::)*text<[^>]*>{"loss"}, 2, 1>
// errors: 1
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4, kernel<3>>{} >> batch_norm{} >> relu{};

#ifdef FIXED
using loss = tenon::losses<tenon::mean_square>;
#else
using loss = tenon::losses<tenon::mean_square, tenon::mean_square>;
#endif
using teacher = tenon::trainer<net, tenon::image<1, 3, 16, 16>, loss, tenon::sgd<tenon::momentum<0.9>>>;

void use(const tenon::tensor_view<const float, 4>& picture, const tenon::tensor_view<const float, 4>& wanted);
void use(const tenon::tensor_view<const float, 4>& picture, const tenon::tensor_view<const float, 4>& wanted) {
  teacher train{tenon::initialize(42)};
  train.step(picture, wanted, {.learning_rate = 0.1f});
}
