// SPDX-License-Identifier: Apache-2.0
// A width times nothing; an integer is a factor too.
// expect: a width's factor is positive
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite_convolutions.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<16, kernel<3>>{} >> relu{};
#ifdef FIXED
inline constexpr auto scaled = scale_width<2>(net);
#else
inline constexpr auto scaled = scale_width<0>(net);
#endif

static_assert(tenon::plan_of<scaled, tenon::image<1, 3, 16, 16>>::parameter_count == 3 * 32 * 9 + 32);
