// SPDX-License-Identifier: Apache-2.0
// A name is given as an argument.
// expect: a name stands in angle brackets: name<"encoder">\(part\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"stem">(conv2d<3>{}) >> relu{};
#else
inline constexpr auto net = name("stem", conv2d<3>{}) >> relu{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 12);
