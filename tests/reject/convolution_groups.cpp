// SPDX-License-Identifier: Apache-2.0
// The groups of a convolution do not divide its channels.
// expect: network_error<(\w+::)*problem::groups_do_not_divide, (\w+::)*text<[^>]*>{"stem[.]1"}, 10, 4>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
constexpr int channels = 12;
#else
constexpr int channels = 10;
#endif
inline constexpr auto net = name<"stem">(conv2d<channels>{} >> conv2d<16, kernel<3>, groups<4>>{});

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::arena_bytes > 0);
