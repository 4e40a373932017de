// SPDX-License-Identifier: Apache-2.0
// Of five sums in one scope the fourth is wrong.
// expect: channels_differ, (\w+::)*text<[^>]*>{"add"}, 16, 32, (\w+::)*text<[^>]*>{"the 4th of 5 calls"}
// expect: {"the 4th of 5 calls"}, .*{"first from add \(the 3rd\)"}, .*{"other from 4"}
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
constexpr int channels = 16;
#else
constexpr int channels = 32;
#endif
template <int Channels>
inline constexpr auto convolve = conv2d<Channels, kernel<3>>{};
inline constexpr auto net = [](auto x) {
  auto sum = convolve<16>(x);
  sum = sum + convolve<16>(sum);
  sum = sum + convolve<16>(sum);
  sum = sum + convolve<16>(sum);
  sum = sum + convolve<channels>(sum);
  return sum + convolve<16>(sum);
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 32, 32>>::parameter_count > 0);
