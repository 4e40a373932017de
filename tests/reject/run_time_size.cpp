// SPDX-License-Identifier: Apache-2.0
// The size of an input is known only while the program runs. The compilers say so themselves, in words of their own
// that docs/messages.md explains.
// expect-gcc: the value of 'height' is not usable in a constant expression
// expect-clang: non-type template argument is not a constant expression
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4>{} >> relu{};

std::int64_t count(int rows);
std::int64_t count(int rows) {
#ifdef FIXED
  constexpr int height = 16;
#else
  int height = rows;
#endif
  return rows + tenon::plan_of<net, tenon::image<1, 3, height, 16>>::parameter_count;
}
