// SPDX-License-Identifier: Apache-2.0
// An alias stands where a layer's own template is meant: no layer would match it.
// expect: replace takes a layer's own template, not an alias such as conv2d
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<8>{} >> max_pool2d<kernel<2>>{};
#ifdef FIXED
inline constexpr auto smaller = replace<convolution, conv2d<4>>(net);
#else
inline constexpr auto smaller = replace<conv2d, conv2d<4>>(net);
#endif

static_assert(tenon::plan_of<smaller, tenon::image<1, 3, 16, 16>>::parameter_count == 16);
