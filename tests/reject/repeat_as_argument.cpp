// SPDX-License-Identifier: Apache-2.0
// A count is given as an argument.
// expect: a count stands in angle brackets: repeat<3>\(part\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = repeat<2>(conv2d<3>{}) >> relu{};
#else
inline constexpr auto net = repeat(conv2d<3>{}, 2) >> relu{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 24);
