// SPDX-License-Identifier: Apache-2.0
// A name has a blank.
// expect: a name is a word without blanks, or several joined by dots
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = name<"first_stage.stem">(conv2d<3>{});
#else
inline constexpr auto net = name<"first stage.stem">(conv2d<3>{});
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 12);
