// SPDX-License-Identifier: Apache-2.0
// The examples in the layers' comments, compiled as they stand there, with what the comments say of them.
#include "tenon/layers/layers.hpp"
#include "tenon/plan/plan_of.hpp"

namespace {

using namespace tenon::layers;
using tenon::shape;

using picture = tenon::image<2, 3, 15, 20>;
using block = tenon::volume<1, 4, 7, 9, 12>;

/// Whether an example gives the shape and has so many trainable values.
template <const auto& Example, class Input>
constexpr bool gives(const shape& expected, std::int64_t parameters) {
  using plan = tenon::plan_of<Example, Input>;
  const auto& graph = plan::lowered::graph;
  return graph.values[static_cast<std::size_t>(graph.outputs[0])].extents == expected &&
         plan::parameter_count == parameters;
}

// layers/normalization.hpp
inline constexpr auto batch_norm_example = conv2d<8, kernel<3>, no_bias>{} >> batch_norm<epsilon<1e-3>>{};
static_assert(gives<batch_norm_example, picture>(shape(2, 8, 15, 20), 3 * 8 * 9 + 2 * 8));
inline constexpr auto group_norm_example = conv2d<48, kernel<3>, no_bias>{} >> group_norm<nearest<32>>{};
static_assert(gives<group_norm_example, picture>(shape(2, 48, 15, 20), 3 * 48 * 9 + 2 * 48));
inline constexpr auto instance_norm_example = conv3d<8, kernel<3>>{} >> instance_norm<affine>{};
static_assert(gives<instance_norm_example, block>(shape(1, 8, 7, 9, 12), 4 * 8 * 27 + 8 + 2 * 8));

// Groups: 728 channels go into 28 nearest 32, upward first where two are as near.
static_assert(nearest_divisor(728, 32) == 28 && nearest_divisor(48, 32) == 24 && nearest_divisor(64, 32) == 32);
static_assert(nearest_divisor(6, 4) == 3 && nearest_divisor(15, 4) == 5 && nearest_divisor(7, 32) == 7);
inline constexpr auto without_scale = group_norm<nearest<2>, no_affine, epsilon<1e-3>>{} >> instance_norm<>{};
static_assert(gives<without_scale, picture>(shape(2, 3, 15, 20), 0));

}  // namespace
