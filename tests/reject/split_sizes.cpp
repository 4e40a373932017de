// SPDX-License-Identifier: Apache-2.0
// The sizes of a split do not sum to the channels.
// expect: network_error<(\w+::)*problem::split_sizes_differ, (\w+::)*text<[^>]*>{"unit[.]split"}, 24, 28
// expect: 24, 28, (\w+::)*text<[^>]*>{"from
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
constexpr int channels = 28;
#else
constexpr int channels = 24;
#endif
inline constexpr auto net = name<"unit">([](auto x) {
  auto [kept, changed] = split<12, 16>(conv2d<channels>{}(x));
  return concat(kept, conv2d<16, kernel<3>>{}(changed));
});

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::macs > 0);
