// SPDX-License-Identifier: Apache-2.0
// The second operand of multiply is neither of the first's size nor one pixel.
// expect: network_error<(\w+::)*problem::sizes_differ, (\w+::)*text<[^>]*>{"gate[.]multiply"}, 16, 8
// expect: 16, 8, (\w+::)*text<[^>]*>{"first from .*{"other from .*"}>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = name<"gate">([](auto x) {
#ifdef FIXED
  return x * sigmoid{}(conv2d<3, kernel<16>, padding<0>>{}(x));
#else
  return x * sigmoid{}(conv2d<3, stride<2>>{}(x));
#endif
});

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
