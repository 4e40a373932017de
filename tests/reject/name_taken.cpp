// SPDX-License-Identifier: Apache-2.0
// A name is that of a position, and both have a parameter of one name.
// expect: network_error<(\w+::)*problem::name_used_twice, (\w+::)*text<[^>]*>{"1[.]weight"}, 1, 2>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<4>{} >> conv2d<4>{} >> name<"3">(conv2d<4>{});
#else
inline constexpr auto net = conv2d<4>{} >> conv2d<4>{} >> name<"1">(conv2d<4>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
