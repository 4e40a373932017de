// SPDX-License-Identifier: Apache-2.0
// A resize makes an extent that 32 bits do not count.
// expect: network_error<(\w+::)*problem::extent_too_great, (\w+::)*text<[^>]*>{"body[.]1"}, 2147483646, 3000000000>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"body">(conv2d<4>{} >> resize<factor<1, 10>>{} >> conv2d<4>{});
#else
inline constexpr auto net = name<"body">(conv2d<4>{} >> resize<factor<1, 100000>>{} >> conv2d<4>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 30000>>::arena_bytes > 0);
