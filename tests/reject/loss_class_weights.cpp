// SPDX-License-Identifier: Apache-2.0
// A loss has another number of class weights than the output has channels.
// expect: network_error<(\w+::)*problem::class_weights_differ, (\w+::)*text<[^>]*>{"loss"}, 3, 4>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

#ifdef FIXED
constexpr int classes = 3;
#else
constexpr int classes = 4;
#endif
inline constexpr auto net = conv2d<8, kernel<3>>{} >> relu{} >> conv2d<classes>{};

using loss = tenon::cross_entropy<tenon::class_weights<1.0, 0.5, 2.0>>;
static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>, loss, tenon::sgd<>>::arena_bytes > 0);
