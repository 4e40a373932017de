// SPDX-License-Identifier: Apache-2.0
// The same with a layer that is a template, on a value of a type that the compiler knows.
// expect: a layer is made before it is called: write relu\{\}\(x\), not relu\(x\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](tenon::symbol x) {
#ifdef FIXED
  return conv2d<8, kernel<3>>{}(x);
#else
  return conv2d<8, kernel<3>>(x);
#endif
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 8 * 28);
