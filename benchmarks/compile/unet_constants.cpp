// SPDX-License-Identifier: Apache-2.0
// The constants of a U-Net's inference.
#include "tenon/models/unet.hpp"
#include "tenon/plan/plan_of.hpp"

using plan = tenon::plan_of<tenon::models::unet<11>, tenon::image<1, 3, 360, 480>>;
static_assert(plan::parameter_count == 31'038'283);
static_assert(plan::macs == 126'870'650'880);
static_assert(plan::lower_bound_bytes <= plan::arena_bytes && plan::arena_bytes < plan::total_bytes);

int main() {}
