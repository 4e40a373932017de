// SPDX-License-Identifier: Apache-2.0
// A dropout would drop everything.
// expect: a dropout's rate is at least 0 and below 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<4>{} >> dropout<0.99>{};
#else
inline constexpr auto net = conv2d<4>{} >> dropout<1.0>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
