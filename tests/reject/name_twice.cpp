// SPDX-License-Identifier: Apache-2.0
// A name is used for two things.
// expect: network_error<(\w+::)*problem::name_used_twice, (\w+::)*text<[^>]*>{"encoder[.]block"}, 1, 2>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto image) {
  return name<"encoder">([](auto x) {
    x = name<"block">(conv2d<4>{})(x);
#ifdef FIXED
    return name<"other">(conv2d<4>{})(x);
#else
    return name<"block">(conv2d<4>{})(x);
#endif
  })(image);
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
