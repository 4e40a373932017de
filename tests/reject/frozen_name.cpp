// SPDX-License-Identifier: Apache-2.0
// What is to be frozen is not there.
// expect: network_error<(\w+::)*problem::selects_nothing, (\w+::)*text<[^>]*>{"encodr"}, 1, 0>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = name<"encoder">(conv2d<8>{}) >> name<"head">(conv2d<4>{});
#ifdef FIXED
inline constexpr auto tuned = frozen<"encoder">(net);
#else
inline constexpr auto tuned = frozen<"encodr">(net);
#endif

static_assert(!tenon::plan_of<tuned, tenon::image<1, 3, 16, 16>>::parameter_list[0].trainable);
