// SPDX-License-Identifier: Apache-2.0
// What is repeated gives several values.
// expect: a part that is repeated gives one value, which the next copy takes
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = repeat<2>(conv2d<4>{}) >> split<1, 3>;
#else
inline constexpr auto net = repeat<2>(conv2d<4>{} >> split<1, 3>);
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 4, 16, 16>>::parameter_count == 40);
