// SPDX-License-Identifier: Apache-2.0
// An option of a depthwise convolution that is given twice: two rules for its first weights.
// expect: an option is given twice
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<8>{} >> depthwise_conv2d<kernel<3>, he_uniform>{};
#else
inline constexpr auto net = conv2d<8>{} >> depthwise_conv2d<kernel<3>, he_uniform, xavier_normal>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 8 * 4 + 8 * 10);
