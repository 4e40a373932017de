// SPDX-License-Identifier: Apache-2.0
// A description is a local variable that is not static: it has no address that the type of a plan could name. The
// compilers say so themselves.
// expect-gcc: the address of .net. is not a valid template argument because it does not have static storage duration
// expect-clang: address of non-static constexpr variable 'net' .*; add 'static' to give it a constant address
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

std::int64_t count();
std::int64_t count() {
#ifdef FIXED
  static constexpr auto net = conv2d<4>{} >> relu{};
#else
  constexpr auto net = conv2d<4>{} >> relu{};
#endif
  return tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count;
}
