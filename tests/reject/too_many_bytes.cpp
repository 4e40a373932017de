// SPDX-License-Identifier: Apache-2.0
// Extents that are integers each, and whose product 64 bits do not count.
// expect: too_many_bytes, (\w+::)*text<[^>]*>{"body[.]0"}, 17592186044416, 9223372036854775807>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"body">(conv2d<64>{} >> relu{});
#else
inline constexpr auto net = name<"body">(resize<size<2000000000>>{} >> conv2d<64>{} >> relu{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::arena_bytes > 0);
