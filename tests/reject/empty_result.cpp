// SPDX-License-Identifier: Apache-2.0
// The padding of a transposed convolution leaves nothing of its result.
// expect: network_error<(\w+::)*problem::result_is_empty, (\w+::)*text<[^>]*>{"up"}, 1, -2>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"up">(conv_transpose2d<4, kernel<1>, padding<1>>{});
#else
inline constexpr auto net = name<"up">(conv_transpose2d<4, kernel<1>, padding<3>>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 4, 4>>::parameter_count > 0);
