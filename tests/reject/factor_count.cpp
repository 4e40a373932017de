// SPDX-License-Identifier: Apache-2.0
// A picture is resized by three factors.
// expect: network_error<(\w+::)*problem::ranks_differ, (\w+::)*text<[^>]*>{"1"}, 3, 2>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<4>{} >> resize<factor<2, 3>>{};
#else
inline constexpr auto net = conv2d<4>{} >> resize<factor<2, 3, 4>>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 4, 4>>::parameter_count > 0);
