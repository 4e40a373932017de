// SPDX-License-Identifier: Apache-2.0
// A predictor of a wrong network says what is wrong, before anything that follows from it.
// expect: network_error<(\w+::)*problem::sizes_differ, (\w+::)*text<[^>]*>{"decoder[.]add"}, 16, 8
// expect: 16, 8, (\w+::)*text<[^>]*>{"first from 1"}, (\w+::)*text<[^>]*>{"other from 0"}>
// errors: 1
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto image) {
  auto coarse = conv2d<8, kernel<3>, stride<2>>{}(image);
#ifdef FIXED
  coarse = resize_like(coarse, image);
#endif
  return name<"decoder">([](auto a, auto b) { return add(a, b); })(conv2d<8>{}(image), coarse);
};

using segmenter = tenon::predictor<net, tenon::image<1, 3, 16, 16>>;
static_assert(segmenter::parameter_count > 0);

void use(const tenon::tensor_view<const float, 4>& picture);
void use(const tenon::tensor_view<const float, 4>& picture) {
  segmenter predict{tenon::initialize(42)};
  predict(picture);
}
