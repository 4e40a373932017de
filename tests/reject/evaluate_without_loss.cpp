// SPDX-License-Identifier: Apache-2.0
// A predictor that was given no loss is to say what it is: one error.
// expect: evaluate\(\) gives a loss: add one behind the predictor's input
// errors: 1
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4, kernel<3>>{} >> relu{};

#ifdef FIXED
using segmenter = tenon::predictor<net, tenon::image<1, 3, 16, 16>, tenon::mean_square>;
#else
using segmenter = tenon::predictor<net, tenon::image<1, 3, 16, 16>>;
#endif

float use(const tenon::tensor_view<const float, 4>& picture, const tenon::tensor_view<const float, 4>& wanted);
float use(const tenon::tensor_view<const float, 4>& picture, const tenon::tensor_view<const float, 4>& wanted) {
  segmenter predict{tenon::initialize(42)};
  return predict.evaluate(picture, wanted);
}
