// SPDX-License-Identifier: Apache-2.0
// A scope is too long for one text of clang's.
// expect: network_error_below<.*channels_differ, .*"encoder[.]stages[.]first_stage[.]"}
// expect: "downsampling[.]shortcut[.]add"}, 8, 9, .*{"first from [.][.][.]ownsampling[.]shortcut[.]0"}
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

constexpr auto shortcut = [](auto x) {
#ifdef FIXED
  return add(conv2d<8>{}(x), conv2d<8>{}(x));
#else
  return add(conv2d<8>{}(x), conv2d<9>{}(x));
#endif
};
inline constexpr auto net =
    name<"encoder">(name<"stages">(name<"first_stage">(name<"downsampling">(name<"shortcut">(shortcut)))));

static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>>::parameter_count > 0);
