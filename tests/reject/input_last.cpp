// SPDX-License-Identifier: Apache-2.0
// The input stands behind loss and optimizer.
// expect: behind the net stands its input: tenon::image<N, C, H, W>
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4>{} >> relu{};

#ifdef FIXED
using plan = tenon::plan_of<net, tenon::image<1, 3, 8, 8>, tenon::mean_square, tenon::sgd<>>;
#else
using plan = tenon::plan_of<net, tenon::mean_square, tenon::sgd<>, tenon::image<1, 3, 8, 8>>;
#endif
static_assert(plan::parameter_count >= 0);
