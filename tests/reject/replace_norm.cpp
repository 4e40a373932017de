// SPDX-License-Identifier: Apache-2.0
// A rewrite puts a norm of 32 groups behind 728 channels.
// expect: norm_groups_do_not_divide_use_nearest, (\w+::)*text<[^>]*>{"middle[.]1"}, 728, 32, (\w+::)*text<11>
// expect: "nearest<32>"
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = name<"entry">(conv2d<64, kernel<3>, no_bias>{} >> batch_norm{} >> relu{}) >>
                            name<"middle">([](auto x) { return batch_norm{}(conv2d<728, no_bias>{}(x)); });
#ifdef FIXED
inline constexpr auto grouped = replace<batch_norm, group_norm<nearest<32>>>(net);
#else
inline constexpr auto grouped = replace<batch_norm, group_norm<32>>(net);
#endif

static_assert(tenon::plan_of<grouped, tenon::image<1, 3, 16, 16>>::buffer_list.size() == 0);
