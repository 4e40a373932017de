// SPDX-License-Identifier: Apache-2.0
// A convolution is written as in PyTorch: channels in, channels out, kernel. The compilers say so themselves, in words
// of their own that docs/messages.md explains.
// expect-gcc: type/value mismatch at argument 2 in template parameter list for 'template<int Channels, class ... Opt
// expect-clang: template argument for template type parameter must be a type
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
inline constexpr auto net = conv2d<8, kernel<3>>{};
#else
inline constexpr auto net = conv2d<3, 8, 3>{};
#endif
static_assert(sizeof(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>) > 0);
