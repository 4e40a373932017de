// SPDX-License-Identifier: Apache-2.0
// The number behind a name is negative.
// expect: network_error<(\w+::)*problem::number_is_negative, (\w+::)*text<[^>]*>{"body[.]block"}, 0, -1>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
constexpr int first = 0;
#else
constexpr int first = -1;
#endif

inline constexpr auto body = [](auto x) {
  for (int i = first; i < 2; ++i) x = name<"block">(conv2d<3>{}, i)(x);
  return x;
};
inline constexpr auto net = name<"body">(body);

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 24);
