// SPDX-License-Identifier: Apache-2.0
// A budget for a training step that 64 bits do not count: the network is what is wrong, and is said to be.
// expect: too_many_bytes, (\w+::)*text<[^>]*>{"body[.]0"}, 17592186044416, 9223372036854775807>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;
using namespace tenon::literals;

#ifdef FIXED
inline constexpr auto net = name<"body">(conv2d<64>{} >> relu{});
#else
inline constexpr auto net = name<"body">(resize<size<2000000000>>{} >> conv2d<64>{} >> relu{});
#endif

using plan =
    tenon::plan_of<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>, tenon::memory_budget<1_MiB>>;

static_assert(plan::arena_bytes > 0);
