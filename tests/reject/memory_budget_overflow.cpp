// SPDX-License-Identifier: Apache-2.0
// A memory budget that 64 bits do not count: it was 1 GiB.
// expect: 17179869185
// expect: size_exceeds_64_bits
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;
using namespace tenon::literals;

inline constexpr auto net = conv2d<16, kernel<3>>{} >> relu{} >> conv2d<4>{};

#ifdef FIXED
using budget = tenon::memory_budget<8589934591_GiB>;
#else
using budget = tenon::memory_budget<17179869185_GiB>;
#endif

using plan = tenon::plan_of<net, tenon::image<1, 3, 16, 16>, tenon::mean_square, tenon::sgd<>, budget>;

static_assert(plan::arena_bytes > 0);
