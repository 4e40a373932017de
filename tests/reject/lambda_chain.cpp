// SPDX-License-Identifier: Apache-2.0
// Two bare lambdas are joined by >>.
// expect: two bare lambdas are not joined by >>: write chain\(first, second\)
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto front = [](auto x) { return relu{}(x); };
inline constexpr auto back = [](auto x) { return conv2d<4>{}(x); };
#ifdef FIXED
inline constexpr auto net = chain(front, back);
#else
inline constexpr auto net = front >> back;
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count == 16);
