// SPDX-License-Identifier: Apache-2.0
// A description gives a number instead of symbolic values.
// expect: a description gives a symbolic value or a std::tuple of them
#include <array>

#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto image) {
#ifdef FIXED
  return std::array{conv2d<4>{}(image), relu{}(image)};
#else
  return conv2d<4>{}(image).channels();
#endif
};

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
