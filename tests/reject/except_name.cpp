// SPDX-License-Identifier: Apache-2.0
// What a rewrite is to leave alone is not there.
// expect: network_error<(\w+::)*problem::selects_nothing, (\w+::)*text<[^>]*>{"clasifier"}, 1, 0>
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite_convolutions.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<32, kernel<3>>{} >> name<"classifier">(conv2d<4>{});
#ifdef FIXED
inline constexpr auto narrow = scale_width<0.5, except<"classifier">>(net);
#else
inline constexpr auto narrow = scale_width<0.5, except<"clasifier">>(net);
#endif

static_assert(tenon::plan_of<narrow, tenon::image<1, 3, 16, 16>>::parameter_count == 3 * 16 * 9 + 16 + 16 * 4 + 4);
