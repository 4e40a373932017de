// SPDX-License-Identifier: Apache-2.0
// An option of a layer that has no such option: a convolution with an output padding.
// expect-gcc: (convolution_option|option_of)<.*output_padding
// expect-clang: constraints not satisfied for class template .convolution. .*output_padding<1>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv_transpose2d<8, kernel<2>, stride<2>, output_padding<1>>{};
#else
inline constexpr auto net = conv2d<8, kernel<2>, stride<2>, output_padding<1>>{};
#endif

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
