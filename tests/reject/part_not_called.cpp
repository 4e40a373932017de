// SPDX-License-Identifier: Apache-2.0
// A lambda gives a chain instead of calling it.
// expect: a description gives a part instead of what that gives: call it
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = [](auto x) { return (conv2d<8>{} >> relu{})(x); };
#else
inline constexpr auto net = [](auto) { return conv2d<8>{} >> relu{}; };
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>>;
static_assert(sizeof(plan) > 0);
