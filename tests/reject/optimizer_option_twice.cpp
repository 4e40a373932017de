// SPDX-License-Identifier: Apache-2.0
// An option of an optimizer that is given twice.
// expect: an option is given twice
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

inline constexpr auto net = tenon::layers::conv2d<4>{};

#ifdef FIXED
using optimizer = tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>;
#else
using optimizer = tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>, tenon::momentum<0.8>>;
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, optimizer>::optimizer_bytes == 64);
