// SPDX-License-Identifier: Apache-2.0
// The examples in the layers' comments, compiled as they stand there, with what the comments say of them.
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite.hpp"
#include "tenon/layers/rewrite_convolutions.hpp"
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

// layers/convolution.hpp
inline constexpr auto convolution_example =
    conv2d<8, kernel<5, 3>, stride<2>, no_bias>{} >> conv2d<12, kernel<3>, dilation<2>, groups<4>>{};
static_assert(gives<convolution_example, picture>(shape(2, 12, 8, 10), 3 * 8 * 15 + 12 * 2 * 9 + 12));
inline constexpr auto transposed_example =
    conv_transpose2d<3, kernel<4>, stride<2>, padding<1>, groups<3>, no_bias, bilinear>{};
static_assert(gives<transposed_example, picture>(shape(2, 3, 30, 40), 3 * 16));

// layers/linear.hpp: the weight has rank 2, as PyTorch's.
inline constexpr auto linear_example = global_average_pool{} >> linear<11>{};
static_assert(gives<linear_example, picture>(shape(2, 11, 1, 1), 3 * 11 + 11));
static_assert(gives<linear_example, block>(shape(1, 11, 1, 1, 1), 4 * 11 + 11));
inline constexpr auto flattened = linear<5, no_bias, xavier_uniform>{};
static_assert(gives<flattened, picture>(shape(2, 5, 1, 1), 5 * 3 * 15 * 20));
static_assert(tenon::plan_of<flattened, picture>::parameter_list[0].extents == shape(5, 3 * 15 * 20));
static_assert(tenon::plan_of<flattened, picture>::macs == 2 * 5 * 3 * 15 * 20);
static_assert(tenon::plan_of<flattened, block>::macs == 5 * 4 * 7 * 9 * 12);

// layers/activation.hpp
inline constexpr auto relu_example = conv2d<8, kernel<3>>{} >> relu{};
inline constexpr auto leaky_relu_example = conv2d<8, kernel<3>>{} >> leaky_relu<0.1>{};
inline constexpr auto relu6_example = conv2d<8, kernel<3>>{} >> relu6{};
inline constexpr auto elu_example = conv2d<8, kernel<3>>{} >> elu<>{};
inline constexpr auto sigmoid_example = conv2d<1>{} >> sigmoid{};
inline constexpr auto hard_sigmoid_example = conv2d<1>{} >> hard_sigmoid{};
inline constexpr auto hard_swish_example = conv2d<8, kernel<3>>{} >> hard_swish{};
inline constexpr auto prelu_example = conv2d<8, kernel<3>>{} >> prelu{};
inline constexpr auto softmax_example = conv2d<11>{} >> softmax{};
static_assert(gives<relu_example, picture>(shape(2, 8, 15, 20), 3 * 8 * 9 + 8));
static_assert(gives<leaky_relu_example, picture>(shape(2, 8, 15, 20), 3 * 8 * 9 + 8));
static_assert(gives<relu6_example, picture>(shape(2, 8, 15, 20), 3 * 8 * 9 + 8));
static_assert(gives<elu_example, picture>(shape(2, 8, 15, 20), 3 * 8 * 9 + 8));
static_assert(gives<sigmoid_example, picture>(shape(2, 1, 15, 20), 3 + 1));
static_assert(gives<hard_sigmoid_example, picture>(shape(2, 1, 15, 20), 3 + 1));
static_assert(gives<hard_swish_example, picture>(shape(2, 8, 15, 20), 3 * 8 * 9 + 8));
static_assert(gives<prelu_example, picture>(shape(2, 8, 15, 20), 3 * 8 * 9 + 8 + 8));
static_assert(gives<softmax_example, picture>(shape(2, 11, 15, 20), 3 * 11 + 11));
static_assert(tenon::plan_of<prelu_example, picture>::parameter_list[2].name == "1.weight");
static_assert(tenon::plan_of<prelu_example, picture>::macs == 2 * 8 * 3 * 9 * 15 * 20);

// layers/dropout.hpp: a dropout is in no predictor, one of rate 0 in no trainer.
inline constexpr auto dropout_example = conv2d<8>{} >> dropout<0.1>{} >> conv2d<11>{};
inline constexpr auto dropout_channels_example = conv2d<8>{} >> dropout_channels<0.01>{};
inline constexpr auto three_dropouts =
    conv2d<8>{} >> dropout<0.1>{} >> dropout_channels<0.0>{} >> dropout<>{} >> conv2d<3>{};
static_assert(gives<dropout_example, picture>(shape(2, 11, 15, 20), 3 * 8 + 8 + 8 * 11 + 11));
static_assert(gives<dropout_channels_example, picture>(shape(2, 8, 15, 20), 3 * 8 + 8));
template <class Graph>
constexpr int dropouts_of(const Graph& graph) {
  int count = 0;
  for (const tenon::node& each : graph.nodes) count += each.op == tenon::operation::dropout ? 1 : 0;
  return count;
}
using dropping = tenon::plan_of<three_dropouts, picture>;
using dropping_trainer = tenon::plan_of<three_dropouts, picture, tenon::mean_square, tenon::sgd<>>;
static_assert(dropouts_of(dropping::lowered::graph) == 3 && dropouts_of(dropping::compiled::graph) == 0);
static_assert(dropouts_of(dropping_trainer::compiled::graph) == 2 * 2);

// layers/join.hpp
inline constexpr auto add_example = [](auto x) { return add(conv2d<3, kernel<3>>{}(x), x); };
static_assert(gives<add_example, picture>(shape(2, 3, 15, 20), 3 * 3 * 9 + 3));
inline constexpr auto concat_example = [](auto x) { return concat(conv2d<5>{}(x), x); };
static_assert(gives<concat_example, picture>(shape(2, 8, 15, 20), 3 * 5 + 5));
inline constexpr auto multiply_example = [](auto x) { return x * sigmoid{}(linear<3>{}(global_average_pool{}(x))); };
static_assert(gives<multiply_example, picture>(shape(2, 3, 15, 20), 3 * 3 + 3));

// layers/convolution.hpp
inline constexpr auto depthwise_example = conv2d<8>{} >> depthwise_conv2d<kernel<3>, no_bias>{} >> conv2d<16>{};
static_assert(gives<depthwise_example, picture>(shape(2, 16, 15, 20), 3 * 8 + 8 + 8 * 9 + 8 * 16 + 16));

// layers/layer.hpp
inline constexpr auto unroll_example =
    unroll<3>([]<int I>(auto x) { return conv2d<(8 << I), kernel<3>, stride<2>>{}(x); });
static_assert(gives<unroll_example, picture>(shape(2, 32, 2, 3), 3 * 8 * 9 + 8 + 8 * 16 * 9 + 16 + 16 * 32 * 9 + 32));

// layers/sharing.hpp
inline constexpr auto share_example = [](auto x) {
  auto head = share<"head">(conv2d<8>{});
  return add(head(x), head(x));
};
static_assert(gives<share_example, picture>(shape(2, 8, 15, 20), 3 * 8 + 8));
inline constexpr auto frozen_example = frozen(conv2d<8, kernel<3>>{} >> batch_norm{}) >> conv2d<4>{};
static_assert(gives<frozen_example, picture>(shape(2, 4, 15, 20), 3 * 8 * 9 + 8 + 16 + 8 * 4 + 4));
inline constexpr auto frozen_norm_example =
    frozen<running_statistics>(conv2d<8, kernel<3>, no_bias>{} >> batch_norm{} >> relu{}) >> conv2d<4>{};
static_assert(gives<frozen_norm_example, picture>(shape(2, 4, 15, 20), 3 * 8 * 9 + 16 + 8 * 4 + 4));
inline constexpr auto factor_example = learning_rate_factor<0.1>(conv2d<8, kernel<3>>{} >> relu{}) >> conv2d<4>{};
static_assert(gives<factor_example, picture>(shape(2, 4, 15, 20), 3 * 8 * 9 + 8 + 8 * 4 + 4));

// layers/rewrite.hpp, layers/rewrite_convolutions.hpp
inline constexpr auto replace_example =
    replace<batch_norm, group_norm<4>>(conv2d<8>{} >> batch_norm<epsilon<1e-3>>{} >> relu{});
static_assert(gives<replace_example, picture>(shape(2, 8, 15, 20), 3 * 8 + 8 + 16));
inline constexpr auto width_example =
    scale_width<0.5, except<"head">>(conv2d<32, kernel<3>>{} >> relu{} >> name<"head">(conv2d<11>{}));
static_assert(gives<width_example, picture>(shape(2, 11, 15, 20), 3 * 16 * 9 + 16 + 16 * 11 + 11));
inline constexpr auto separable_example = separable<between<batch_norm<>>>(conv2d<16, kernel<3>, no_bias>{} >> relu{});
static_assert(gives<separable_example, picture>(shape(2, 16, 15, 20), 3 * 9 + 6 + 3 * 16));
inline constexpr auto bottleneck_example =
    bottleneck<4, except<"stem">>(name<"stem">(conv2d<32, kernel<3>>{}) >> relu{} >> conv2d<32, kernel<3>>{});
static_assert(gives<bottleneck_example, picture>(shape(2, 32, 15, 20),
                                                 3 * 32 * 9 + 32 + (32 * 8 + 8) + (8 * 8 * 9 + 8) + (8 * 32 + 32)));

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

// layers/pooling.hpp
inline constexpr auto max_pool_example = conv2d<8, kernel<3>>{} >> max_pool2d<kernel<2>>{};
static_assert(gives<max_pool_example, picture>(shape(2, 8, 7, 10), 3 * 8 * 9 + 8));
inline constexpr auto average_pool_example =
    conv2d<8, kernel<3>>{} >> average_pool2d<kernel<3>, stride<2>, padding<1>>{};
static_assert(gives<average_pool_example, picture>(shape(2, 8, 8, 10), 3 * 8 * 9 + 8));
inline constexpr auto volume_average = average_pool3d<kernel<2, 3, 1>, ignore_padding>{};
static_assert(gives<volume_average, block>(shape(1, 4, 3, 3, 12), 0));
inline constexpr auto adaptive_example = conv2d<8, kernel<3>>{} >> adaptive_average_pool2d<6>{};
static_assert(gives<adaptive_example, picture>(shape(2, 8, 6, 6), 3 * 8 * 9 + 8));
inline constexpr auto volume_bins = adaptive_average_pool3d<2, 10, 20>{};
static_assert(gives<volume_bins, block>(shape(1, 4, 2, 10, 20), 0));
inline constexpr auto global_example = conv2d<8, kernel<3>>{} >> global_average_pool{};
static_assert(gives<global_example, picture>(shape(2, 8, 1, 1), 3 * 8 * 9 + 8));

// layers/channels.hpp
inline constexpr auto split_example = [](auto x) { return split<8, 24>(conv2d<32>{}(x)); };
static_assert(gives<split_example, picture>(shape(2, 8, 15, 20), 3 * 32 + 32));
inline constexpr auto chunk_example = [](auto x) { return chunk<2>(conv2d<32>{}(x)); };
static_assert(gives<chunk_example, picture>(shape(2, 16, 15, 20), 3 * 32 + 32));
inline constexpr auto shuffle_example = conv2d<12, groups<3>>{} >> channel_shuffle<3>{} >> conv2d<12, groups<3>>{};
static_assert(gives<shuffle_example, picture>(shape(2, 12, 15, 20), 12 + 12 + 12 * 4 + 12));
inline constexpr auto split_chain = conv2d<32>{} >> split<8, 24>;
static_assert(gives<split_chain, picture>(shape(2, 8, 15, 20), 3 * 32 + 32));
static_assert(tenon::plan_of<split_chain, picture>::lowered::sizes.outputs == 2);
// A split that is called takes no number of its scope, one in a chain its position.
inline constexpr auto numbers = [](auto x) {
  auto [a, b] = split<1, 2>(x);
  auto [c, d] = (conv2d<4>{} >> conv2d<4>{} >> split<2, 2>)(b);
  return std::tuple{conv2d<1>{}(a), c, d};
};
static_assert(tenon::plan_of<numbers, picture>::parameter_list[0].name == "0.0.weight" &&
              tenon::plan_of<numbers, picture>::parameter_list[4].name == "1.weight");

// layers/resize.hpp
inline constexpr auto resize_like_example = [](auto x) { return resize_like(conv2d<8, stride<2>>{}(x), x); };
static_assert(gives<resize_like_example, picture>(shape(2, 8, 15, 20), 3 * 8 + 8));
inline constexpr auto pad_like_example = [](auto x) { return pad_like(max_pool2d<kernel<2>>{}(x), x); };
static_assert(gives<pad_like_example, picture>(shape(2, 3, 15, 20), 0));
inline constexpr auto resize_example = resize<factor<2>, nearest<>>{} >> resize<size<31, 40>>{};
static_assert(gives<resize_example, picture>(shape(2, 3, 31, 40), 0));

}  // namespace
