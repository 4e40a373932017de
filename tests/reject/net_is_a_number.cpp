// SPDX-License-Identifier: Apache-2.0
// What stands for the network is no description.
// expect: a description takes one symbolic value an input: it is a layer, a chain, or a lambda
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<8>{};
#else
inline constexpr auto net = 8;
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>>;
static_assert(sizeof(plan) > 0);
