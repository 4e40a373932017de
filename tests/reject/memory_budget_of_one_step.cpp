// SPDX-License-Identifier: Apache-2.0
// A budget below what one step works on: a convolution's operand, result and target are 2 MiB each.
// expect: the memory budget cannot be met
// expect: over_budget<3145728(l)?, 6[0-9]{6}(l)?>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;
using namespace tenon::literals;

inline constexpr auto net = conv2d<32>{} >> conv2d<32, kernel<3>>{};

#ifdef FIXED
using budget = tenon::memory_budget<8_MiB>;
#else
using budget = tenon::memory_budget<3_MiB>;
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 128, 128>, tenon::mean_square, tenon::sgd<>, budget>;

static_assert(plan::arena_bytes > 0);
