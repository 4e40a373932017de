// SPDX-License-Identifier: Apache-2.0
// A convolution whose multiply-accumulates 64 bits do not count.
// expect: too_many_macs, (\w+::)*text<[^>]*>{"head"}, 1152921504606846976, 6872291275278647296>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"head">(conv2d<1, kernel<41>>{});
#else
inline constexpr auto net = name<"head">(conv2d<1, kernel<40001>>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 1, 65536, 65536>>::macs > 0);
