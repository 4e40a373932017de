// SPDX-License-Identifier: Apache-2.0
// Layers are added instead of values.
// expect: values are added, not layers:
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = [](auto x) { return conv2d<8>{}(x) + conv2d<8>{}(x); };
#else
inline constexpr auto net = conv2d<8>{} + conv2d<8>{};
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>>;
static_assert(sizeof(plan) > 0);
