// SPDX-License-Identifier: Apache-2.0
// An unrolled lambda without an index.
// expect: what is unrolled takes an index: unroll<3>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = unroll<3>([]<int>(auto x) { return relu{}(x); });
#else
inline constexpr auto net = unroll<3>([](auto x) { return relu{}(x); });
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 0);
