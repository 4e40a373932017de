// SPDX-License-Identifier: Apache-2.0
// There are two losses for one output.
// expect: one loss: several outputs take losses<[.][.][.]>
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4>{} >> relu{};

#ifdef FIXED
using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>, tenon::cross_entropy<>, tenon::sgd<>>;
#else
using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>, tenon::mean_square, tenon::cross_entropy<>, tenon::sgd<>>;
#endif
static_assert(plan::parameter_count == 16);
