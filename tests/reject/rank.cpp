// SPDX-License-Identifier: Apache-2.0
// A 2-D layer is called on a volume.
// expect: network_error<(\w+::)*problem::ranks_differ, (\w+::)*text<[^>]*>{"body[.]1"}, 2, 3>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"body">(conv3d<4, kernel<3>>{} >> max_pool3d<kernel<2>>{});
#else
inline constexpr auto net = name<"body">(conv3d<4, kernel<3>>{} >> max_pool2d<kernel<2>>{});
#endif

static_assert(tenon::plan_of<net, tenon::volume<1, 1, 8, 16, 16>>::parameter_count > 0);
