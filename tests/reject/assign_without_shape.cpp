// SPDX-License-Identifier: Apache-2.0
// Weights are given as bare numbers, without the shape that a transposed weight would be found by.
// expect: assign takes floats with their shape: write assign\(name, tensor_view\{values, 19, 64, 1, 1\}\)
// errors: 1
#include <vector>

#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4, kernel<3>>{} >> relu{};
using small = tenon::predictor<net, tenon::image<1, 3, 16, 16>>;

void use(const small& predict, const std::vector<float>& values);
void use(const small& predict, const std::vector<float>& values) {
#ifdef FIXED
  predict.parameters().assign("0.weight", tenon::tensor_view{values, 4, 3, 3, 3});
#else
  predict.parameters().assign("0.weight", values);
#endif
}
