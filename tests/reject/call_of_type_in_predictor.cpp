// SPDX-License-Identifier: Apache-2.0
// A layer's braces are forgotten, and only a predictor asks: what is wrong stands far from the front door all the same.
// expect: a layer is made before it is called: write relu\{\}\(x\), not relu\(x\)
// errors: 3
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto image) {
#ifdef FIXED
  return relu{}(conv2d<5>{}(image));
#else
  return relu(conv2d<5>(image));
#endif
};

using segmenter = tenon::predictor<net, tenon::image<1, 3, 64, 64>>;

void use();
void use() { segmenter predict{tenon::initialize(1)}; }
