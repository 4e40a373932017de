// SPDX-License-Identifier: Apache-2.0
// A shared part is called on values of other channels: its weight would have another shape.
// expect: shared_shape_differs, (\w+::)*text<[^>]*>{"encoder[.]head[.]0[.]weight"}, 8, 4>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = name<"encoder">([](auto image) {
  auto head = share<"head">(conv2d<4>{} >> relu{});
  auto fine = head(conv2d<8>{}(image));
#ifdef FIXED
  return add(fine, head(conv2d<8>{}(fine)));
#else
  return add(fine, head(fine));
#endif
});

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
