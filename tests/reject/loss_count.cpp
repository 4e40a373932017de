// SPDX-License-Identifier: Apache-2.0
// There is one loss, but the network has two outputs.
// expect: network_error<(\w+::)*problem::losses_differ_from_outputs, (\w+::)*text<[^>]*>{"loss"}, 1, 2>
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;

inline constexpr auto net = [](auto image) { return std::make_tuple(conv2d<4>{}(image), conv2d<2>{}(image)); };

#ifdef FIXED
using loss = tenon::losses<tenon::cross_entropy<>, tenon::mean_square>;
#else
using loss = tenon::cross_entropy<>;
#endif
static_assert(tenon::plan_of<net, tenon::image<1, 3, 16, 16>, loss, tenon::sgd<>>::parameter_count > 0);
