// SPDX-License-Identifier: Apache-2.0
// A layer is called on a layer, as in Keras.
// expect: a layer is called on a value, not on a layer: relu\{\}\(conv2d<8>\{\}\(x\)\)
// errors: 2
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = [](auto x) { return relu{}(conv2d<8>{}(x)); };
#else
inline constexpr auto net = [](auto) { return relu{}(conv2d<8>{}); };
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>>;
static_assert(sizeof(plan) > 0);
