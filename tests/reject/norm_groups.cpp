// SPDX-License-Identifier: Apache-2.0
// The groups of a norm do not divide its channels: the message names nearest<32>'s remedy.
// expect: norm_groups_do_not_divide_use_nearest, (\w+::)*text<[^>]*>{"middle[.]1"}, 728, 32, (\w+::)*text<11>
// expect: "nearest<32>"
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
using norm = group_norm<nearest<32>>;
#else
using norm = group_norm<32>;
#endif
inline constexpr auto net = name<"middle">(conv2d<728, no_bias>{} >> norm{} >> relu{});

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::arena_bytes > 0);
