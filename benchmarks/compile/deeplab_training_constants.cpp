// SPDX-License-Identifier: Apache-2.0
// The constants of a training step of DeepLab v3+ with group norm.
#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;
using plan =
    tenon::plan_of<tenon::models::deeplab_v3_plus<19, group_norm<nearest<32>>{}>, tenon::image<1, 3, 1024, 2048>,
                   tenon::cross_entropy<tenon::ignore<255>>, tenon::sgd<tenon::momentum<0.9>>>;
static_assert(plan::parameter_count == 41'054'899);
static_assert(plan::lower_bound_bytes <= plan::arena_bytes && plan::arena_bytes < plan::total_bytes);
static_assert(plan::saved_bytes < plan::arena_bytes);

int main() {}
