// SPDX-License-Identifier: Apache-2.0
// A predictor is given a trainer's arguments: one error, though it is used.
// expect: a predictor takes no optimizer; a trainer does
// errors: 1
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4, kernel<3>>{} >> relu{};

#ifdef FIXED
using segmenter = tenon::predictor<net, tenon::image<1, 3, 16, 16>>;
#else
using segmenter = tenon::predictor<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>>;
#endif

void use(const tenon::tensor_view<const float, 4>& picture);
void use(const tenon::tensor_view<const float, 4>& picture) {
  segmenter predict{tenon::initialize(42)};
  const auto result = predict(picture);
  static_cast<void>(result.extent(1));
}
