// SPDX-License-Identifier: Apache-2.0
// The channels of two operands of add differ.
// expect: network_error<(\w+::)*problem::channels_differ, (\w+::)*text<[^>]*>{"decoder[.]fine[.]add"}, 64, 48
// expect: 64, 48, (\w+::)*text<[^>]*>{"first from decoder[.]fine[.]0"}, .*{"other from decoder[.]fine[.]1"}>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

constexpr auto fine = [](auto x) {
#ifdef FIXED
  constexpr int channels = 64;
#else
  constexpr int channels = 48;
#endif
  return add(conv2d<64, kernel<3>>{}(x), conv2d<channels>{}(x));
};
inline constexpr auto net = [](auto image) {
  return name<"decoder">([](auto x) { return name<"fine">(fine)(x); })(image);
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
