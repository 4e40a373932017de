// SPDX-License-Identifier: Apache-2.0
// One name is used to share two different parts.
// expect: network_error<(\w+::)*problem::name_used_twice, (\w+::)*text<[^>]*>{"head"}, 1, 2>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto x) {
  x = share<"head">(conv2d<3>{})(x);
#ifdef FIXED
  return share<"head">(conv2d<3>{})(x);
#else
  return share<"head">(conv2d<3, no_bias>{})(x);
#endif
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 12);
