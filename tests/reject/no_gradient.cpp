// SPDX-License-Identifier: Apache-2.0
// An operation without a gradient stands behind trained parameters, which would not be trained.
// expect: network_error<[^>]*has_no_gradient, (\w+::)*text<[^>]*>{"head[.]1"}, 1, 0, (\w+::)*text<[^>]*>{"fill"}>
// errors: 1
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

using namespace tenon::layers;
/// The graph knows an operation that no layer makes of a value: here it drops its operand's gradient.
inline constexpr auto opaque = [](auto x) {
  return x.to->make(tenon::operation::fill, {&x.number, 1}, {}, x.extents());
};
#ifdef FIXED
inline constexpr auto net = name<"head">(frozen(conv2d<3>{}) >> opaque) >> conv2d<2>{};
#else
inline constexpr auto net = name<"head">(conv2d<3>{} >> opaque) >> conv2d<2>{};
#endif
static_assert(tenon::plan_of<net, tenon::image<1, 3, 8, 8>, tenon::mean_square, tenon::sgd<>>::optimizer_bytes == 0);
