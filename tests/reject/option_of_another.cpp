// SPDX-License-Identifier: Apache-2.0
// An option of a layer that has no such option: a pooling without bias.
// expect-gcc: (max_pool_option|option_of)<.*no_bias
// expect-clang: constraints not satisfied for class template .max_pool. .*no_bias
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<8, no_bias>{} >> max_pool2d<kernel<2>>{};
#else
inline constexpr auto net = conv2d<8>{} >> max_pool2d<kernel<2>, no_bias>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
