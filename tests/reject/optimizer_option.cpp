// SPDX-License-Identifier: Apache-2.0
// An option of an optimizer that has no such option: Adam without Nesterov.
// expect-gcc: (adam_option|option_of)<.*nesterov
// expect-clang: constraints not satisfied for class template .adam. .*nesterov
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

inline constexpr auto net = tenon::layers::conv2d<4>{};

#ifdef FIXED
using optimizer = tenon::sgd<tenon::momentum<0.9>, tenon::nesterov>;
#else
using optimizer = tenon::adam<tenon::nesterov>;
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, optimizer>::parameter_count == 16);
