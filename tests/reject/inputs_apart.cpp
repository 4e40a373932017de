// SPDX-License-Identifier: Apache-2.0
// Several inputs stand one behind another.
// expect: several inputs stand together: tenon::inputs<tenon::image<
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4>{} >> relu{};

#ifdef FIXED
using plan = tenon::plan_of<net, tenon::inputs<tenon::image<1, 3, 8, 8>>>;
#else
using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>, tenon::image<1, 3, 8, 8>>;
#endif
static_assert(plan::parameter_count == 16);
