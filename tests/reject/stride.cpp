// SPDX-License-Identifier: Apache-2.0
// A stride is not positive.
// expect: network_error<(\w+::)*problem::not_positive, (\w+::)*text<[^>]*>{"0"}, 1, 0>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<4, kernel<3>, stride<1>>{} >> relu{};
#else
inline constexpr auto net = conv2d<4, kernel<3>, stride<0>>{} >> relu{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
