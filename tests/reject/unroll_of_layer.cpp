// SPDX-License-Identifier: Apache-2.0
// A layer where unroll wants a lambda.
// expect: what is unrolled is a lambda with an index; copies of a part are repeat<3>\(part\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = repeat<3>(conv2d<4>{});
#else
inline constexpr auto net = unroll<3>(conv2d<4>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 4, 16, 16>>::parameter_count == 3 * 20);
