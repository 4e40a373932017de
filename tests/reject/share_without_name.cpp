// SPDX-License-Identifier: Apache-2.0
// What is shared has no name.
// expect: what is shared has a name, in angle brackets: share<"head">\(part\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto x) {
#ifdef FIXED
  auto head = share<"head">(conv2d<3>{} >> relu{});
#else
  auto head = share(conv2d<3>{} >> relu{});
#endif
  return add(head(x), head(head(x)));
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 12);
