// SPDX-License-Identifier: Apache-2.0
// The parts of a split go into one layer.
// expect: a part of a chain gave several values to the next, which takes one: take them apart in a lambda
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto swapped = [](auto x) {
  auto [a, b] = split<2, 6>(x);
  return concat(b, a);
};
inline constexpr auto net = conv2d<8>{} >> swapped >> relu{} >> conv2d<4>{};
#else
inline constexpr auto net = conv2d<8>{} >> split<2, 6> >> relu{} >> conv2d<4>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 32 + 36);
