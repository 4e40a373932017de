// SPDX-License-Identifier: Apache-2.0
// A predictor is told what to keep for a backward pass.
// expect: recompute is an option of a trainer
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<16, kernel<3>>{} >> relu{} >> conv2d<4>{};

#ifdef FIXED
using plan = tenon::plan_of<net, tenon::image<1, 3, 16, 16>>;
#else
using plan = tenon::plan_of<net, tenon::image<1, 3, 16, 16>, tenon::recompute<"4k">>;
#endif

static_assert(plan::arena_bytes > 0);
