// SPDX-License-Identifier: Apache-2.0
// A kernel is larger than its padded input.
// expect: network_error<(\w+::)*problem::kernel_exceeds_padded_input, (\w+::)*text<[^>]*>{"head"}, 9, 7>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
constexpr int side = 9;
#else
constexpr int side = 7;
#endif
inline constexpr auto net = name<"head">(conv2d<4, kernel<5>, dilation<2>, padding<0>>{});

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, side>>::arena_bytes > 0);
