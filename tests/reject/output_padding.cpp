// SPDX-License-Identifier: Apache-2.0
// An output padding is not below the stride.
// expect: network_error<(\w+::)*problem::output_padding_too_great, (\w+::)*text<[^>]*>{"up"}, 2, 5>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"up">(conv_transpose2d<4, kernel<2>, stride<2>, output_padding<1>>{});
#else
inline constexpr auto net = name<"up">(conv_transpose2d<4, kernel<2>, stride<2>, output_padding<5>>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 4, 4>>::parameter_count > 0);
