// SPDX-License-Identifier: Apache-2.0
// A rewrite is given an option of another.
// expect: scale_width takes except<[.][.][.]> and multiple<[.][.][.]>
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite_convolutions.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<32, kernel<3>>{} >> relu{};
#ifdef FIXED
inline constexpr auto narrow = scale_width<0.5, multiple<16>>(net);
#else
inline constexpr auto narrow = scale_width<0.5, between<relu>>(net);
#endif

static_assert(tenon::plan_of<narrow, tenon::image<1, 3, 16, 16>>::macs == 3 * 16 * 9 * 16 * 16);
