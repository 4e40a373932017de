// SPDX-License-Identifier: Apache-2.0
// A 2-D layer is given a kernel of three extents.
// expect: an option has one extent for all dimensions, or one a dimension of the layer
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<4, kernel<3, 5>>{};
#else
inline constexpr auto net = conv2d<4, kernel<3, 3, 5>>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 4, 4>>::parameter_count > 0);
