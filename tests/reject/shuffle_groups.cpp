// SPDX-License-Identifier: Apache-2.0
// The groups of a channel shuffle do not divide the channels.
// expect: network_error<(\w+::)*problem::groups_do_not_divide, (\w+::)*text<[^>]*>{"shuffle"}, 14, 4>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<16>{} >> name<"shuffle">(channel_shuffle<4>{});
#else
inline constexpr auto net = conv2d<14>{} >> name<"shuffle">(channel_shuffle<4>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::macs > 0);
