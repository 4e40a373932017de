// SPDX-License-Identifier: Apache-2.0
// Rewriting: which layers are replaced, by what, in which order, under which names.
#include "tenon/layers/rewrite.hpp"

#include <string_view>
#include <tuple>

#include "support/graph_text.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/layers/rewrite_convolutions.hpp"
#include "tenon/models/fast_scnn.hpp"
#include "tenon/models/vb_net.hpp"
#include "tenon/report/layers_of.hpp"

namespace {

using namespace tenon::layers;
using namespace tenon_test;
using tenon::operation;
using tenon::shape;

template <class First, class Second>
constexpr bool are_equal(const First& first, const Second& second) {
  return text_of(lowered(first)).view() == text_of(lowered(second)).view() && problem_of(first) == tenon::problem::none;
}

// Before and after, in full: a rule reaches into a lambda, its branches, what is named and what is repeated.
constexpr auto branches = [](auto x) {
  auto a = (conv2d<8, no_bias>{} >> batch_norm{} >> relu{})(x);
  auto b = name<"b">([](auto y) { return relu{}(conv2d<8, no_bias>{}(y)); })(x);
  return repeat<2>(relu{})(a + b);
};
TENON_EXPECT(lowered(branches),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.0.weight : 8x4x1x1\n"
             "2 = convolution 0 1 : 1x8x8x8\n"
             "3 = parameter 0.1.weight : 8\n"
             "4 = parameter 0.1.bias : 8\n"
             "5 = buffer 0.1.running_mean : 8\n"
             "6 = buffer 0.1.running_var : 8\n"
             "7 = batch_norm 2 3 4 5 6 : 1x8x8x8\n"
             "8 = relu 7 : 1x8x8x8\n"
             "9 = parameter b.0.weight : 8x4x1x1\n"
             "10 = convolution 0 9 : 1x8x8x8\n"
             "11 = relu 10 : 1x8x8x8\n"
             "12 = add 8 11 : 1x8x8x8\n"
             "13 = relu 12 : 1x8x8x8\n"
             "14 = relu 13 : 1x8x8x8\n"
             "outputs 14\n");
TENON_EXPECT(lowered(replace<relu, leaky_relu<0.1>>(replace<batch_norm, group_norm<4>>(branches))),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.0.weight : 8x4x1x1\n"
             "2 = convolution 0 1 : 1x8x8x8\n"
             "3 = parameter 0.1.weight : 8\n"
             "4 = parameter 0.1.bias : 8\n"
             "5, 6, 7 = group_norm 2 3 4 : 1x8x8x8\n"
             "8 = leaky_relu 5 : 1x8x8x8\n"
             "9 = parameter b.0.weight : 8x4x1x1\n"
             "10 = convolution 0 9 : 1x8x8x8\n"
             "11 = leaky_relu 10 : 1x8x8x8\n"
             "12 = add 8 11 : 1x8x8x8\n"
             "13 = leaky_relu 12 : 1x8x8x8\n"
             "14 = leaky_relu 13 : 1x8x8x8\n"
             "outputs 14\n");

// Every kind of part and every free function hands the rules on.
template <class Activation>
constexpr auto everything = [](auto x) {
  auto shared = share<"shared">(conv2d<8>{} >> Activation{});
  auto a = shared(x);
  auto b = shared(Activation{}(x));
  auto c = chain([](auto y) { return Activation{}(y); }, [](auto y) { return conv2d<8>{}(y); })(x);
  auto d = unroll<2>([]<int I>(auto y) { return Activation{}(conv2d<4 + 4 * I>{}(y)); })(x);
  auto e = frozen(learning_rate_factor<0.5>(conv2d<8>{} >> Activation{}))(x);
  auto f = repeat<2>(Activation{} >> conv2d<8>{})(resize_like(max_pool2d<kernel<2>>{}(a), x));
  auto [g, h] = chunk<2>(pad_like(f, x));
  auto i = concat(Activation{}(g), Activation{}(h));
  for (int n = 0; n < 2; ++n) i = Activation{}(i);
  return std::tuple{add(a, b, c), multiply(d, e) + i * c, std::array{Activation{}(i), i}[0]};
};
static_assert(are_equal(replace<relu, sigmoid>(everything<relu>), everything<sigmoid>));
static_assert(!are_equal(everything<relu>, everything<sigmoid>));

// `From` is a type, or a template of types, of a value, or of two.
constexpr auto of_many = conv2d<8>{} >> batch_norm<epsilon<1e-3>>{} >> leaky_relu<0.2>{} >>
                         group_norm<2, no_affine>{} >> max_pool2d<kernel<2>>{} >> linear<4>{} >> batch_norm<>{};
static_assert(are_equal(replace<batch_norm, relu>(of_many), conv2d<8>{} >> relu{} >> leaky_relu<0.2>{} >>
                                                                group_norm<2, no_affine>{} >> max_pool2d<kernel<2>>{} >>
                                                                linear<4>{} >> relu{}));
static_assert(are_equal(replace<batch_norm<>, relu>(of_many), conv2d<8>{} >> batch_norm<epsilon<1e-3>>{} >>
                                                                  leaky_relu<0.2>{} >> group_norm<2, no_affine>{} >>
                                                                  max_pool2d<kernel<2>>{} >> linear<4>{} >> relu{}));
static_assert(are_equal(replace<leaky_relu, relu>(replace<group_norm, relu>(replace<max_pool, relu>(of_many))),
                        conv2d<8>{} >> batch_norm<epsilon<1e-3>>{} >> relu{} >> relu{} >> relu{} >> linear<4>{} >>
                            batch_norm<>{}));
static_assert(are_equal(replace<convolution, conv2d<6>>(conv2d<8, kernel<3>>{} >> relu{}), conv2d<6>{} >> relu{}));

// A chain may stand in the place of a layer, and a layer in that of a chain.
TENON_EXPECT(lowered(replace<relu, decltype(conv2d<4, no_bias>{} >> sigmoid{})>(conv2d<4, no_bias>{} >> relu{})),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.weight : 4x4x1x1\n"
             "2 = convolution 0 1 : 1x4x8x8\n"
             "3 = parameter 1.0.weight : 4x4x1x1\n"
             "4 = convolution 2 3 : 1x4x8x8\n"
             "5 = sigmoid 4 : 1x4x8x8\n"
             "outputs 5\n");
constexpr auto act = batch_norm{} >> relu{};
constexpr auto with_chains = [](auto x) { return act(conv2d<8>{}(x)); };
static_assert(are_equal(replace<decltype(batch_norm{} >> relu{}), sigmoid>(with_chains),
                        [](auto x) { return sigmoid{}(conv2d<8>{}(x)); }));

// A rule does not see what it made; the outer of two sees the result of the inner.
constexpr auto two = relu{} >> sigmoid{};
static_assert(are_equal(replace<relu, sigmoid>(replace<sigmoid, relu>(two)), sigmoid{} >> sigmoid{}));
static_assert(are_equal(replace<sigmoid, relu>(replace<relu, sigmoid>(two)), relu{} >> relu{}));
static_assert(are_equal(replace<relu, decltype(relu{} >> relu{})>(relu{} >> conv2d<4>{}), [](auto x) {
  auto y = (relu{} >> relu{})(x);
  return conv2d<4>{}(y);
}));
// Rules inside a description stand before those outside, and end with their part.
constexpr auto inside = [](auto x) {
  auto a = replace<relu, sigmoid>(relu{} >> elu<>{})(x);
  return relu{}(a);
};
static_assert(are_equal(replace<sigmoid, hard_swish>(inside), [](auto x) {
  auto a = (hard_swish{} >> elu<>{})(x);
  return relu{}(a);
}));

// Rules of one's own; in the order given.
struct doubling : rule<> {
  template <class Layer>
  static constexpr bool matches = std::is_same_v<Layer, relu>;
  template <class Layer>
  static constexpr auto replacement() {
    return relu{} >> elu<>{};
  }
};
struct cleaning : rule<> {
  template <class Layer>
  static constexpr bool matches = std::is_same_v<Layer, elu<>>;
  template <class Layer>
  static constexpr auto replacement() {
    return sigmoid{};
  }
};
constexpr auto doubled = [](auto x) { return (relu{} >> sigmoid{})(x); };
static_assert(are_equal(rewrite<doubling, cleaning>([](auto x) { return relu{}(x); }), doubled));
static_assert(are_equal(rewrite<cleaning>(rewrite<doubling>([](auto x) { return relu{}(x); })), doubled));
static_assert(!are_equal(rewrite<cleaning, doubling>([](auto x) { return relu{}(x); }), doubled));

// Exceptions by name, counted from the rewritten part; what is not there is a problem.
constexpr auto with_names =
    name<"net">(name<"stem">(relu{}) >> name<"stem2">(relu{}) >> name<"body">(relu{} >> relu{}));
static_assert(are_equal(replace<relu, sigmoid, except<"net.stem", "net.body.1">>(with_names),
                        name<"net">(name<"stem">(relu{}) >> name<"stem2">(sigmoid{}) >>
                                    name<"body">(sigmoid{} >> relu{}))));
static_assert(are_equal(name<"all">(replace<relu, sigmoid, except<"net">>(with_names)), name<"all">(with_names)));
// A member of a chain is a scope of its own.
static_assert(are_equal(elu{} >> replace<relu, sigmoid, except<"net">>(chain(with_names)), elu{} >> chain(with_names)));
static_assert(problem_of(replace<relu, sigmoid, except<"steam">>(with_names)) == tenon::problem::selects_nothing);
static_assert(problem_of(replace<relu, sigmoid, except<"net", "head">>(with_names)) == tenon::problem::selects_nothing);

// A layer whose body takes `symbol` is replaced as a whole; one that takes `auto` is seen through.
struct opaque : layer<opaque> {
  constexpr tenon::symbol body(tenon::symbol x) const { return relu{}(x); }
};
struct transparent : layer<transparent> {
  constexpr auto body(auto x) const { return relu{}(x); }
};
static_assert(are_equal(replace<relu, sigmoid>(opaque{} >> transparent{}), [](auto x) {
  auto a = [](auto y) { return relu{}(y); };
  auto b = [](auto y) { return sigmoid{}(y); };
  return chain(a, b)(x);
}));

// Width: multiples of 8, at least 8, at most a tenth lost; depthwise convolutions follow, other groups stay.
static_assert(scaled_channels(32, 0.5, 8) == 16 && scaled_channels(24, 0.5, 8) == 16 &&
              scaled_channels(3, 0.5, 8) == 8);
static_assert(scaled_channels(64, 0.75, 8) == 48 && scaled_channels(100, 1.0, 8) == 104);
static_assert(scaled_channels(45, 0.5, 1) == 23 && scaled_channels(11, 2.0, 8) == 24);
constexpr auto mobile = [](auto x) {
  x = (conv2d<32, kernel<3>, stride<2>, no_bias>{} >> relu{})(x);
  x = (conv2d<32, groups<32>, kernel<3>>{} >> conv2d<64>{})(x);
  x = (conv2d<128, groups<64>, kernel<3>>{} >> conv2d<96, groups<4>>{})(x);
  x = name<"up">(conv_transpose2d<48, kernel<2>, stride<2>, no_bias>{})(x);
  return name<"head">(conv2d<11>{})(x);
};
static_assert(are_equal(scale_width<0.5, except<"head">>(mobile), [](auto x) {
  x = (conv2d<16, kernel<3>, stride<2>, no_bias>{} >> relu{})(x);
  x = (conv2d<16, groups<16>, kernel<3>>{} >> conv2d<32>{})(x);
  x = (conv2d<64, groups<32>, kernel<3>>{} >> conv2d<48, groups<4>>{})(x);
  x = name<"up">(conv_transpose2d<24, kernel<2>, stride<2>, no_bias>{})(x);
  return name<"head">(conv2d<11>{})(x);
}));
static_assert(are_equal(scale_width<0.25, multiple<4>>(conv2d<8>{} >> conv2d<44>{}), conv2d<4>{} >> conv2d<12>{}));
// A depthwise convolution of the input, which was not scaled.
static_assert(are_equal(scale_width<2.0>(conv2d<4, groups<4>, kernel<3>>{} >> conv2d<8, groups<4>>{} >> conv2d<8>{}),
                        conv2d<4, groups<4>, kernel<3>>{} >> conv2d<8, groups<4>>{} >> conv2d<16>{}));
static_assert(are_equal(scale_width<2.0>(conv_transpose2d<4, groups<4>, kernel<2>>{} >> conv2d<8>{} >>
                                         conv_transpose2d<8, groups<8>, kernel<2>>{} >>
                                         conv_transpose2d<8, groups<2>, kernel<2>>{}),
                        conv_transpose2d<4, groups<4>, kernel<2>>{} >> conv2d<16>{} >>
                            conv_transpose2d<16, groups<16>, kernel<2>>{} >>
                            conv_transpose2d<16, groups<2>, kernel<2>>{}));

// Dense into separable: those with a kernel and without groups.
constexpr auto dense =
    conv2d<8, kernel<3>, stride<2>, dilation<2>, padding<1>, xavier_normal>{} >>
    name<"kept">(conv2d<16, kernel<3, 1>, no_bias>{}) >> conv2d<8>{} >> conv2d<8, groups<2>, kernel<3>>{};
TENON_EXPECT(lowered(separable<between<batch_norm<>, relu>, except<"kept">>(dense)),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.0.weight : 4x1x3x3\n"
             "2 = parameter 0.0.bias : 4\n"
             "3 = convolution 0 1 2 : 1x4x3x3\n"
             "4 = parameter 0.1.weight : 4\n"
             "5 = parameter 0.1.bias : 4\n"
             "6 = buffer 0.1.running_mean : 4\n"
             "7 = buffer 0.1.running_var : 4\n"
             "8 = batch_norm 3 4 5 6 7 : 1x4x3x3\n"
             "9 = relu 8 : 1x4x3x3\n"
             "10 = parameter 0.3.weight : 8x4x1x1\n"
             "11 = parameter 0.3.bias : 8\n"
             "12 = convolution 9 10 11 : 1x8x3x3\n"
             "13 = parameter kept.weight : 16x8x3x1\n"
             "14 = convolution 12 13 : 1x16x3x3\n"
             "15 = parameter 2.weight : 8x16x1x1\n"
             "16 = parameter 2.bias : 8\n"
             "17 = convolution 14 15 16 : 1x8x3x3\n"
             "18 = parameter 3.weight : 8x4x3x3\n"
             "19 = parameter 3.bias : 8\n"
             "20 = convolution 17 18 19 : 1x8x3x3\n"
             "outputs 20\n");
// The options go where they belong.
constexpr auto optioned = [](auto x) {
  return conv2d<8, kernel<3>, stride<2>, dilation<2>, padding<1>, no_bias, xavier_normal>{}(x);
};
constexpr auto separated = [](auto x) {
  return chain(depthwise_conv2d<kernel<3>, stride<2>, dilation<2>, padding<1>, no_bias, xavier_normal>{},
               conv2d<8, no_bias, xavier_normal>{})(x);
};
static_assert(are_equal(separable(optioned), separated));
template <class Net>
constexpr tenon::attributes attributes_of(const Net& net, std::int32_t convolution) {
  const tenon::builder to = builder_of(net);
  for (const tenon::node& current : to.graph.nodes) {
    if (current.op == operation::convolution && convolution-- == 0) return current.attribute;
  }
  return {};
}
static_assert(attributes_of(separable(optioned), 0).dilation == tenon::extent3{1, 2, 2} &&
              attributes_of(separable(optioned), 0).stride == tenon::extent3{1, 2, 2} &&
              attributes_of(separable(optioned), 0).groups == 4);
static_assert(attributes_of(separable(optioned), 1).dilation == tenon::extent3{1, 1, 1} &&
              attributes_of(separable(optioned), 1).stride == tenon::extent3{1, 1, 1});

// Dense into bottleneck.
static_assert(are_equal(bottleneck<4, between<relu>>(optioned), [](auto x) {
  return chain(conv2d<2, no_bias, xavier_normal>{}, relu{},
               conv2d<2, kernel<3>, stride<2>, dilation<2>, padding<1>, no_bias, xavier_normal>{}, relu{},
               conv2d<8, no_bias, xavier_normal>{})(x);
}));
static_assert(are_equal(bottleneck<16>(conv2d<8, kernel<3>>{} >> relu{}), [](auto x) {
  auto y = (conv2d<1>{} >> conv2d<1, kernel<3>>{} >> conv2d<8>{})(x);
  return relu{}(y);
}));

// A whole network: the standard VB-Net becomes the other two, whose parameters are known.
inline constexpr auto narrowed = bottleneck<4>(tenon::models::vb_net<1>);
inline constexpr auto split_up = separable<between<batch_norm<>, relu>>(tenon::models::vb_net<1>);
using volume = tenon::volume<1, 1, 16, 16, 16>;
static_assert(tenon::plan_of<tenon::models::vb_net<1>, volume>::parameter_count == 10052609);
static_assert(tenon::plan_of<narrowed, volume>::parameter_count == 1145061);
static_assert(tenon::plan_of<split_up, volume>::parameter_count == 815215);

// Half of Fast-SCNN's width by rewriting is half by its own option, up to rounding, which 32, 48, 64, 96 and 128 need
// not; its classifier keeps its classes.
inline constexpr auto halved = scale_width<0.5, except<"cls.3">>(tenon::models::fast_scnn<19>);
inline constexpr auto half =
    tenon::models::fast_scnn<19, batch_norm<>{}, tenon::models::fast_scnn_options<>{.width = 0.5}>;
using road = tenon::image<1, 3, 64, 128>;
static_assert(tenon::plan_of<halved, road>::parameter_count == tenon::plan_of<half, road>::parameter_count);
static_assert(tenon::plan_of<halved, road>::macs == tenon::plan_of<half, road>::macs);

// What a description consists of, after rewriting.
inline constexpr auto listed = separable<except<"kept">>(dense);
constexpr auto& list = tenon::layers_of<listed, tenon::image<1, 4, 8, 8>>;
static_assert(list.size() == 5 && list[0].scope == "0.0" && list[1].scope == "0.1" && list[2].scope == "kept");
static_assert(list[0].operation == operation::convolution && list[0].extents == shape(1, 4, 3, 3));
static_assert(list[0].parameter_count == 40 && list[2].parameter_count == 16 * 8 * 3);
inline constexpr auto listed_activation = replace<relu, sigmoid>(relu{} >> max_pool2d<kernel<2>>{});
constexpr auto& short_list = tenon::layers_of<listed_activation, tenon::image<1, 4, 8, 8>>;
static_assert(short_list.size() == 2 && short_list[0].function == tenon::activation::sigmoid &&
              short_list[1].operation == operation::max_pool && short_list[1].parameter_count == 0);

}  // namespace
