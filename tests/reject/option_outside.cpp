// SPDX-License-Identifier: Apache-2.0
// An option of the optimizer stands beside it.
// expect: options of a loss or an optimizer stand in its brackets, sgd<momentum<0.9>>
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4>{} >> relu{};

#ifdef FIXED
using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>, tenon::mean_square, tenon::sgd<tenon::momentum<0.9>>>;
#else
using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>, tenon::mean_square, tenon::sgd<>, tenon::momentum<0.9>>;
#endif
static_assert(plan::parameter_count == 16);
