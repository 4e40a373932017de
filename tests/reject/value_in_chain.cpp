// SPDX-License-Identifier: Apache-2.0
// A value stands in front of a chain, as if it were piped into it.
// expect: a value is no part of a chain: write \(a >> b\)\(x\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto x) {
#ifdef FIXED
  return (conv2d<8>{} >> relu{})(x);
#else
  return x >> conv2d<8>{} >> relu{};
#endif
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 32);
