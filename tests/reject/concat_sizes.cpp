// SPDX-License-Identifier: Apache-2.0
// The sizes of the operands of concat differ.
// expect: network_error<(\w+::)*problem::sizes_differ, (\w+::)*text<[^>]*>{"join[.]concat"}, 17, 9
// expect: 17, 9, (\w+::)*text<[^>]*>{"first from .*{"other from .*"}>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto image) {
  auto coarse = conv2d<8, kernel<3>, stride<2>>{}(image);
#ifdef FIXED
  coarse = resize_like(coarse, image);
#endif
  return name<"join">([](auto a, auto b) { return concat(a, b); })(image, coarse);
};

static_assert(tenon::plan_of<net, tenon::image<2, 3, 17, 16>>::macs > 0);
