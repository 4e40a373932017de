// SPDX-License-Identifier: Apache-2.0
// The constants of a U-Net's training step.
#include "tenon/models/unet.hpp"
#include "tenon/plan/plan_of.hpp"

using plan = tenon::plan_of<tenon::models::unet<11>, tenon::image<1, 3, 360, 480>,
                            tenon::cross_entropy<tenon::ignore<11>>, tenon::sgd<tenon::momentum<0.9>>>;
static_assert(plan::parameter_count == 31'038'283);
static_assert(plan::lower_bound_bytes <= plan::arena_bytes && plan::arena_bytes < plan::total_bytes);
static_assert(plan::saved_bytes < plan::arena_bytes);

int main() {}
