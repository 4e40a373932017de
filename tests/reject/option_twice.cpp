// SPDX-License-Identifier: Apache-2.0
// An option that is given twice.
// expect: an option is given twice
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<8, kernel<3>, no_bias>{} >> max_pool2d<kernel<3>, stride<2>>{};
#else
inline constexpr auto net = conv2d<8, kernel<3>, no_bias>{} >> max_pool2d<kernel<3>, stride<2>, kernel<2>>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
