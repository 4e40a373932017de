// SPDX-License-Identifier: Apache-2.0
// A budget below what the parameters' gradients take: of 512 x 512 windows of 3 x 3 that is 9,437,184 bytes.
// expect: the memory budget cannot be met
// expect: over_budget<4194304(l)?, (9[5-9]|1[0-9][0-9])[0-9]{5}(l)?>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;
using namespace tenon::literals;

inline constexpr auto net = conv2d<512>{} >> conv2d<512, kernel<3>>{} >> conv2d<4>{};

#ifdef FIXED
using budget = tenon::memory_budget<32_MiB>;
#else
using budget = tenon::memory_budget<4_MiB>;
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 4, 4>, tenon::mean_square, tenon::sgd<>, budget>;

static_assert(plan::arena_bytes > 0);
