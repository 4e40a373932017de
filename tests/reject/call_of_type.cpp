// SPDX-License-Identifier: Apache-2.0
// A layer's braces are forgotten: its type is called on a value.
// expect: a layer is made before it is called: write relu\{\}\(x\), not relu\(x\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto x) {
#ifdef FIXED
  return relu{}(conv2d<8>{}(x));
#else
  return relu(conv2d<8>{}(x));
#endif
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 32);
