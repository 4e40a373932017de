// SPDX-License-Identifier: Apache-2.0
// A layer is called on the parts of a split.
// expect: a layer is called on symbolic values: take tuples apart, auto \[a, b\] = split<8, 24>\(x\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto x) {
#ifdef FIXED
  auto [a, b] = split<2, 6>(conv2d<8>{}(x));
  return concat(relu{}(a), b);
#else
  return relu{}(split<2, 6>(conv2d<8>{}(x)));
#endif
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 32);
