// SPDX-License-Identifier: Apache-2.0
// The shapes that layers give: PyTorch's rules, with the default paddings of this library.
#include <tuple>

#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon::layers;
using tenon::shape;

template <const auto& Net, class Input>
constexpr shape output_of(std::size_t i = 0) {
  const auto& graph = tenon::plan_of<Net, Input>::lowered::graph;
  return graph.values[static_cast<std::size_t>(graph.outputs[i])].extents;
}

template <auto Layer>
inline constexpr auto net = Layer;

template <auto Layer, class Input>
constexpr shape shape_of = output_of<net<Layer>, Input>();

using picture = tenon::image<2, 3, 15, 20>;
using block = tenon::volume<1, 4, 7, 9, 12>;

// Convolution: padding is (kernel - 1) / 2, rounded down, times the dilation, unless it is given.
static_assert(shape_of<conv2d<8>{}, picture> == shape(2, 8, 15, 20));
static_assert(shape_of<conv2d<8, kernel<3>>{}, picture> == shape(2, 8, 15, 20));
static_assert(shape_of<conv2d<8, kernel<2>>{}, picture> == shape(2, 8, 14, 19));
static_assert(shape_of<conv2d<8, kernel<4>>{}, picture> == shape(2, 8, 14, 19));
static_assert(shape_of<conv2d<8, kernel<5, 1>>{}, picture> == shape(2, 8, 15, 20));
static_assert(shape_of<conv2d<8, kernel<3>, dilation<4>>{}, picture> == shape(2, 8, 15, 20));
static_assert(shape_of<conv2d<8, kernel<3>, dilation<40>>{}, picture> == shape(2, 8, 15, 20));
static_assert(shape_of<conv2d<8, kernel<4>, dilation<2>>{}, picture> == shape(2, 8, 13, 18));
static_assert(shape_of<conv2d<8, kernel<3>, padding<0>>{}, picture> == shape(2, 8, 13, 18));
static_assert(shape_of<conv2d<8, padding<0>, kernel<3>>{}, picture> == shape(2, 8, 13, 18));
static_assert(shape_of<conv2d<8, kernel<3>, padding<2, 0>>{}, picture> == shape(2, 8, 17, 18));
static_assert(shape_of<conv2d<8, kernel<3>, stride<2>>{}, picture> == shape(2, 8, 8, 10));
static_assert(shape_of<conv2d<8, kernel<3>, stride<2, 3>>{}, picture> == shape(2, 8, 8, 7));
static_assert(shape_of<conv2d<8, stride<4>>{}, picture> == shape(2, 8, 4, 5));
static_assert(shape_of<conv2d<8, kernel<15, 20>, padding<0>>{}, picture> == shape(2, 8, 1, 1));
static_assert(shape_of<conv3d<8, kernel<3>>{}, block> == shape(1, 8, 7, 9, 12));
static_assert(shape_of<conv3d<8, kernel<1, 3, 5>, stride<2, 1, 3>>{}, block> == shape(1, 8, 4, 9, 4));

// Poolings pad nothing, step by their kernel, and round down.
static_assert(shape_of<max_pool2d<kernel<2>>{}, picture> == shape(2, 3, 7, 10));
static_assert(shape_of<max_pool2d<kernel<3>, stride<2>>{}, picture> == shape(2, 3, 7, 9));
static_assert(shape_of<max_pool2d<kernel<3>, stride<2>, padding<1>>{}, picture> == shape(2, 3, 8, 10));
static_assert(shape_of<max_pool2d<kernel<3>, dilation<2>, stride<1>>{}, picture> == shape(2, 3, 11, 16));
static_assert(shape_of<max_pool3d<kernel<2>>{}, block> == shape(1, 4, 3, 4, 6));

// A transposed convolution pads nothing: (in - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output padding.
static_assert(shape_of<conv_transpose2d<8, kernel<2>, stride<2>>{}, picture> == shape(2, 8, 30, 40));
static_assert(shape_of<conv_transpose2d<8, kernel<3>, stride<2>>{}, picture> == shape(2, 8, 31, 41));
static_assert(shape_of<conv_transpose2d<8, kernel<3>, stride<2>, padding<1>, output_padding<1>>{}, picture> ==
              shape(2, 8, 30, 40));
static_assert(shape_of<conv_transpose2d<8, kernel<3>, dilation<2>>{}, picture> == shape(2, 8, 19, 24));
static_assert(shape_of<conv_transpose3d<8, kernel<2>, stride<2>>{}, block> == shape(1, 8, 14, 18, 24));

// Norms, activations and resizes.
static_assert(shape_of<batch_norm{}, picture> == shape(2, 3, 15, 20));
static_assert(shape_of<relu{}, block> == shape(1, 4, 7, 9, 12));
static_assert(shape_of<resize<size<7, 31>>{}, picture> == shape(2, 3, 7, 31));
static_assert(shape_of<resize<size<9>>{}, picture> == shape(2, 3, 9, 9));
static_assert(shape_of<resize<factor<2>, nearest<>>{}, picture> == shape(2, 3, 30, 40));
static_assert(shape_of<resize<factor<1, 2, 3>>{}, block> == shape(1, 4, 7, 18, 36));

// Weights: (to, from / groups, kernel), transposed ones (from, to / groups, kernel).
template <auto Layer, class Input>
constexpr shape weight_of = tenon::plan_of<net<Layer>, Input>::parameter_list[0].extents;
static_assert(weight_of<conv2d<8, kernel<5, 1>>{}, picture> == shape(8, 3, 5, 1));
static_assert(weight_of<conv3d<8, kernel<3>, groups<2>>{}, block> == shape(8, 2, 3, 3, 3));
static_assert(weight_of<conv_transpose3d<8, kernel<2>, groups<4>>{}, block> == shape(4, 2, 2, 2, 2));
static_assert(tenon::plan_of<net<conv3d<8, kernel<3>, groups<2>>{}>, block>::macs == 8 * 7 * 9 * 12 * 2 * 27);
static_assert(tenon::plan_of<net<conv_transpose3d<8, kernel<2>, groups<4>>{}>, block>::macs == 4 * 7 * 9 * 12 * 2 * 8);

// Several inputs, and several outputs as a tuple.
inline constexpr auto two_in_three_out = [](auto image, auto coarse) {
  auto near = conv2d<8, kernel<3>>{}(image);
  auto far = resize_like(coarse, image);
  return std::tuple{concat(near, far, image), add(near, near, near), pad_like(coarse, image)};
};
using both = tenon::inputs<picture, tenon::image<2, 5, 8, 9>>;
static_assert(output_of<two_in_three_out, both>(0) == shape(2, 8 + 5 + 3, 15, 20));
static_assert(output_of<two_in_three_out, both>(1) == shape(2, 8, 15, 20));
static_assert(output_of<two_in_three_out, both>(2) == shape(2, 5, 15, 20));
static_assert(tenon::plan_of<two_in_three_out, both>::lowered::sizes.outputs == 3);

// A description may ask a value for its shape.
inline constexpr auto asks = [](auto x) { return x.extents().spatial(1) > 10 ? conv2d<4>{}(x) : conv2d<2>{}(x); };
static_assert(output_of<asks, picture>() == shape(2, 4, 15, 20));
static_assert(output_of<asks, tenon::image<1, 3, 8, 8>>() == shape(1, 2, 8, 8));

}  // namespace
