// SPDX-License-Identifier: Apache-2.0
// A lambda takes tenon::symbol, so that a rewrite would not reach what it calls.
// expect: a lambda that is rewritten takes its values as `auto`
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = [](auto x) { return relu{}(x); };
#else
inline constexpr auto net = [](tenon::symbol x) { return relu{}(x); };
#endif
inline constexpr auto rewritten = replace<relu, sigmoid>(net);

static_assert(tenon::plan_of<rewritten, tenon::image<1, 3, 16, 16>>::parameter_count == 0);
