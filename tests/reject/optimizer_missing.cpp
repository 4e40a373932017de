// SPDX-License-Identifier: Apache-2.0
// A trainer has a loss, but no optimizer.
// expect: a loss without an optimizer: a trainer takes both, cross_entropy<>, sgd<>
// errors: 1
#include "tenon/tenon.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4>{} >> relu{};

#ifdef FIXED
using teacher = tenon::trainer<net, tenon::image<1, 3, 8, 8>, tenon::mean_square, tenon::adam<>>;
#else
using teacher = tenon::trainer<net, tenon::image<1, 3, 8, 8>, tenon::mean_square>;
#endif
static_assert(teacher::parameter_count == 16);
