// SPDX-License-Identifier: Apache-2.0
// A lambda in a chain gives two values to the next part.
// expect: a part of a chain gave several values to the next, which takes one: take them apart in a lambda
#include <tuple>

#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto both = [](auto x) {
#ifdef FIXED
  return add(x, relu{}(x));
#else
  return std::tuple{x, relu{}(x)};
#endif
};
inline constexpr auto net = conv2d<8>{} >> both >> conv2d<4>{};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 32 + 36);
