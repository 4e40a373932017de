// SPDX-License-Identifier: Apache-2.0
// A description of two inputs is given one.
// expect: a description takes one symbolic value an input
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
using input = tenon::inputs<tenon::image<1, 3, 16, 16>, tenon::image<1, 3, 16, 16>>;
#else
using input = tenon::image<1, 3, 16, 16>;
#endif

inline constexpr auto net = [](auto left, auto right) { return conv2d<4>{}(left + right); };

static_assert(tenon::plan_of<net, input>::parameter_count > 0);
