// SPDX-License-Identifier: Apache-2.0
// A small network with few large groups, whose offsets are searched for long: cut into constants that compilers take.
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon::layers;

constexpr auto net = [](auto x) {
  auto joined = concat(conv2d<14, groups<7>>{}(x), conv2d<14, kernel<3>, groups<7>>{}(x),
                       (group_norm<7>{} >> depthwise_conv2d<kernel<3>>{} >> prelu{})(x));
  auto [a, b] = split<7, 28>(joined);
  auto parts = chunk<7>(x);
  return concat(add(conv2d<7>{}(a), conv2d<7, kernel<3>>{}(x)), channel_shuffle<7>{}(b),
                add(conv2d<3>{}(parts[0]), conv2d<3>{}(parts[6])));
};
using plan = tenon::plan_of<net, tenon::image<1, 7, 6, 8>, tenon::backend::reference>;
static_assert(plan::lower_bound_bytes <= plan::arena_bytes);

}  // namespace
