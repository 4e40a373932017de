// SPDX-License-Identifier: Apache-2.0
// A small network with few large groups, whose offsets are searched for long: cut into constants that compilers take.
#include <array>
#include <utility>

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

// Skips of one size that nest: whichever of x and the skip comes first, groups of two lie between one another.
template <bool XFirst>
constexpr auto skips = [](auto x) {
  std::array<decltype(x), 12> skip{};
  for (auto& each : skip) each = x = relu{}(conv2d<16, kernel<3>>{}(x));
  for (std::size_t i = skip.size(); i-- > 0;) {
    x = relu{}(conv2d<16, kernel<3>>{}(XFirst ? concat(x, skip[i]) : concat(skip[i], x)));
  }
  return x;
};
template <const auto& Net>
constexpr bool is_tight = [] {
  using found = tenon::plan_of<Net, tenon::image<1, 3, 64, 64>>;
  return found::lower_bound_bytes <= found::arena_bytes && found::arena_bytes * 50 <= found::lower_bound_bytes * 51;
}();
static_assert(is_tight<skips<false>> && is_tight<skips<true>>);

// A concat of many parts takes time that grows with them, not with their square.
constexpr auto wide = [](auto x) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return concat((static_cast<void>(I), relu{}(conv2d<16>{}(x)))...);
  }
  (std::make_index_sequence<200>());
};
static_assert(is_tight<wide>);

}  // namespace
