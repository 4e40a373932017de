// SPDX-License-Identifier: Apache-2.0
// A memory budget of nothing.
// expect: a memory budget is more than 0 bytes
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<16, kernel<3>>{} >> relu{} >> conv2d<4>{};

#ifdef FIXED
using budget = tenon::memory_budget<400'000>;
#else
using budget = tenon::memory_budget<0>;
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>, budget>;

static_assert(plan::arena_bytes > 0);
