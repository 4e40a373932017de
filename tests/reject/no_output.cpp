// SPDX-License-Identifier: Apache-2.0
// A description returns nothing.
// expect: network_error<(\w+::)*problem::no_output, (\w+::)*text<[^>]*>{""}, 1, 0>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto image) {
#ifdef FIXED
  return conv2d<4>{}(image);
#else
  conv2d<4>{}(image);
#endif
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
