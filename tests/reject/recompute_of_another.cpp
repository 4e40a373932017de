// SPDX-License-Identifier: Apache-2.0
// What another network's step keeps.
// expect: recompute is of another network
// expect: retention_count<3, 5>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<16, kernel<3>>{} >> relu{} >> conv2d<16, kernel<3>>{} >> relu{} >> conv2d<4>{};

#ifdef FIXED
using kept = tenon::recompute<"kok">;
#else
using kept = tenon::recompute<"2kr2o">;
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>, kept>;

static_assert(plan::arena_bytes > 0);
