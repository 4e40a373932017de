// SPDX-License-Identifier: Apache-2.0
// A cross entropy that is to ignore two labels.
// expect: an option is given twice
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

inline constexpr auto net = tenon::layers::conv2d<4>{};

#ifdef FIXED
using loss = tenon::cross_entropy<tenon::ignore<3>, tenon::class_weights<1.0, 2.0, 1.0, 1.0>>;
#else
using loss = tenon::cross_entropy<tenon::ignore<3>, tenon::ignore<255>>;
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>, loss, tenon::sgd<>>::parameter_count == 16);
