// SPDX-License-Identifier: Apache-2.0
// The constants of DeepLab v3+'s inference.
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/plan/plan_of.hpp"

using plan = tenon::plan_of<tenon::models::deeplab_v3_plus<19>, tenon::image<1, 3, 1024, 2048>>;
static_assert(plan::parameter_count == 41'054'899);
static_assert(plan::macs > 200'000'000'000);
static_assert(plan::lower_bound_bytes <= plan::arena_bytes && plan::arena_bytes < plan::total_bytes);

int main() {}
