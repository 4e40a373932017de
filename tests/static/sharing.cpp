// SPDX-License-Identifier: Apache-2.0
// Shared, frozen and unrolled parts: whose parameters they use, and how those are trained.
#include <tuple>

#include "support/graph_text.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/passes/differentiate.hpp"
#include "tenon/passes/training_form.hpp"
#include "tenon/train/optimizers.hpp"

namespace {

using namespace tenon::layers;
using namespace tenon_test;
using tenon::growing_graph;

constexpr auto tower = conv2d<4, no_bias>{} >> batch_norm{};

// A shared part has its parameters and running statistics once, whatever the sizes.
constexpr auto pyramid = [](auto x) {
  auto head = share<"head">(tower);
  return std::tuple{head(x), head(max_pool2d<kernel<2>>{}(x))};
};
static_assert(has_names<pyramid>({"head.0.weight", "head.1.weight", "head.1.bias"}));
static_assert(tenon::plan_of<pyramid, tenon::image<1, 4, 8, 8>>::buffer_list.size() == 2);
static_assert(tenon::plan_of<pyramid, tenon::image<1, 4, 8, 8>>::parameter_count == 16 + 8);
static_assert(tenon::plan_of<pyramid, tenon::image<1, 4, 8, 8>>::macs == 16 * (64 + 16));

// Its weights are packed once.
template <int Calls>
constexpr auto called = [](auto x) {
  auto head = share<"head">(conv2d<36, kernel<3>>{});
  if constexpr (Calls == 1) {
    return head(x);
  } else {
    auto half = max_pool2d<kernel<2>>{}(x);
    return std::tuple{head(x), head(half), head(max_pool2d<kernel<2>>{}(half))};
  }
};
static_assert(tenon::plan_of<called<3>, tenon::image<1, 64, 16, 16>>::packed_bytes == 48 * (64 * 9 + 1) * 4);
static_assert(tenon::plan_of<called<1>, tenon::image<1, 64, 16, 16>>::packed_bytes == 48 * (64 * 9 + 1) * 4);

// Wherever it is called: by name, in chains, repeated, with names inside, in other shared parts.
constexpr auto by_name = [](auto x) { return share<"a">(conv2d<4, no_bias>{})(share<"a">(conv2d<4, no_bias>{})(x)); };
static_assert(has_names<by_name>({"a.weight"}));
constexpr auto in_chain = share<"a">(conv2d<4, no_bias>{}) >> relu{} >>
                          share<"a">(conv2d<4, no_bias>{}) >> conv2d<4, no_bias>{};
static_assert(has_names<in_chain>({"a.weight", "3.weight"}));
constexpr auto recurrent = repeat<3>(share<"a">(conv2d<4, no_bias>{})) >> conv2d<4, no_bias>{};
static_assert(has_names<recurrent>({"a.weight", "3.weight"}));
constexpr auto names_inside = [](auto x) {
  auto block = share<"block">([](auto y) {
    auto a = name<"first">(conv2d<4, no_bias>{})(y);
    return conv2d<4, no_bias>{}(share<"inner">(conv2d<4, no_bias>{})(share<"inner">(conv2d<4, no_bias>{})(a)));
  });
  return add(block(x), block(x));
};
static_assert(has_names<names_inside>({"block.first.weight", "block.inner.weight", "block.0.weight"}));
// Its name counts in the scope of the call.
constexpr auto in_two_scopes = [](auto x) {
  auto part = share<"a">(conv2d<4, no_bias>{});
  return name<"right">(part)(name<"left">(part)(x));
};
static_assert(has_names<in_two_scopes>({"left.a.weight", "right.a.weight"}));

// What is no sharing stays an error.
static_assert(problem_of([](auto x) { return share<"a">(conv2d<4>{})(share<"a">(conv2d<4, no_bias>{})(x)); }) ==
              tenon::problem::name_used_twice);
static_assert(problem_of([](auto x) { return name<"a">(conv2d<4>{})(share<"a">(conv2d<4>{})(x)); }) ==
              tenon::problem::name_used_twice);
static_assert(problem_of([](auto x) { return share<"a">(conv2d<4>{})(name<"a">(conv2d<4>{})(x)); }) ==
              tenon::problem::name_used_twice);
static_assert(problem_of([](auto x) { return share<"a">(conv2d<6>{})(share<"a">(conv2d<6>{})(x)); }) ==
              tenon::problem::shared_shape_differs);
static_assert(problem_of([](auto x) {
                auto twice = share<"a">([](auto y) { return name<"b">(conv2d<4>{})(name<"b">(conv2d<4>{})(y)); });
                return twice(x);
              }) == tenon::problem::name_used_twice);

// Gradients of all calls are added before the one update; running statistics follow call by call.
constexpr tenon::growing_text trained(const growing_graph& graph, const tenon::optimizer_rule& rule) {
  return text_of(tenon::differentiate(tenon::training_form(graph.view()).view(), rule));
}
constexpr auto twice = [](auto x) {
  auto part = share<"a">(tower);
  return part(part(x));
};
TENON_EXPECT(trained(lowered_with<tenon::mean_square>(twice), tenon::sgd<>::rule()),
             "0 = input : 1x4x8x8\n"
             "1 = parameter a.0.weight : 4x4x1x1\n"
             "2 = convolution 0 1 : 1x4x8x8\n"
             "3 = parameter a.1.weight : 4\n"
             "4 = parameter a.1.bias : 4\n"
             "5 = buffer a.1.running_mean : 4\n"
             "6 = buffer a.1.running_var : 4\n"
             "7, 8, 9 = batch_norm_training 2 3 4 : 1x4x8x8\n"
             "10 = convolution 7 1 : 1x4x8x8\n"
             "11, 12, 13 = batch_norm_training 10 3 4 : 1x4x8x8\n"
             "14 = target : 1x4x8x8\n"
             "15 = mean_square 11 14 : scalar\n"
             "running_statistics 8 9 5 6\n"
             "running_statistics 12 13 5 6\n"
             "16 = mean_square_gradient 11 14 : 1x4x8x8\n"
             "17, 18, 19 = batch_norm_gradient 10 16 3 4 12 13 : 1x4x8x8\n"
             "20 = convolution_weight_gradient 7 17 : 4x4x1x1\n"
             "21 = convolution_data_gradient 17 1 : 1x4x8x8\n"
             "22, 23, 24 = batch_norm_gradient 2 21 3 4 8 9 : 1x4x8x8\n"
             "25 = add 18 23 : 4\n"
             "26 = add 19 24 : 4\n"
             "sgd 3 25\n"
             "sgd 4 26\n"
             "27 = convolution_weight_gradient 0 22 : 4x4x1x1\n"
             "28 = add 20 27 : 4x4x1x1\n"
             "sgd 1 28\n"
             "outputs 15\n");

// A shared norm that sees one value a channel in a second call reads the running statistics there: they change after
// its backward pass, which reads them too.
constexpr auto fine_and_single = [](auto x) {
  auto norm = share<"a">(batch_norm{});
  auto fine = norm(conv2d<4, no_bias>{}(x));
  return norm(adaptive_average_pool2d<1>{}(fine));
};
TENON_EXPECT(trained(lowered_with<tenon::mean_square>(fine_and_single), tenon::sgd<>::rule()),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.weight : 4x4x1x1\n"
             "2 = convolution 0 1 : 1x4x8x8\n"
             "3 = parameter a.weight : 4\n"
             "4 = parameter a.bias : 4\n"
             "5 = buffer a.running_mean : 4\n"
             "6 = buffer a.running_var : 4\n"
             "7, 8, 9 = batch_norm_training 2 3 4 : 1x4x8x8\n"
             "10 = adaptive_average_pool 7 : 1x4x1x1\n"
             "11 = batch_norm 10 3 4 5 6 : 1x4x1x1\n"
             "12 = target : 1x4x1x1\n"
             "13 = mean_square 11 12 : scalar\n"
             "14 = mean_square_gradient 11 12 : 1x4x1x1\n"
             "15, 16, 17 = batch_norm_frozen_gradient 10 14 3 4 5 6 : 1x4x1x1\n"
             "18 = adaptive_average_pool_gradient 15 : 1x4x8x8\n"
             "19, 20, 21 = batch_norm_gradient 2 18 3 4 8 9 : 1x4x8x8\n"
             "22 = add 16 20 : 4\n"
             "23 = add 17 21 : 4\n"
             "sgd 3 22\n"
             "sgd 4 23\n"
             "24 = convolution_weight_gradient 0 19 : 4x4x1x1\n"
             "sgd 1 24\n"
             "running_statistics 8 9 5 6\n"
             "outputs 13\n");

// Frozen parameters have neither gradient nor update; a gradient still passes through.
constexpr auto frozen_middle = conv2d<4, no_bias>{} >> frozen(conv2d<4>{} >> relu{}) >> conv2d<4, no_bias>{};
static_assert(has_names<frozen_middle>({"0.weight", "1.0.weight", "1.0.bias", "2.weight"}));
TENON_EXPECT(trained(lowered_with<tenon::mean_square>(frozen_middle), tenon::sgd<>::rule()),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.weight : 4x4x1x1\n"
             "2 = convolution 0 1 : 1x4x8x8\n"
             "3 = parameter 1.0.weight : 4x4x1x1\n"
             "4 = parameter 1.0.bias : 4\n"
             "5 = convolution 2 3 4 : 1x4x8x8\n"
             "6 = relu 5 : 1x4x8x8\n"
             "7 = parameter 2.weight : 4x4x1x1\n"
             "8 = convolution 6 7 : 1x4x8x8\n"
             "9 = target : 1x4x8x8\n"
             "10 = mean_square 8 9 : scalar\n"
             "11 = mean_square_gradient 8 9 : 1x4x8x8\n"
             "12 = convolution_weight_gradient 6 11 : 4x4x1x1\n"
             "13 = convolution_data_gradient 11 7 : 1x4x8x8\n"
             "sgd 7 12\n"
             "14 = relu_gradient 6 13 : 1x4x8x8\n"
             "15 = convolution_data_gradient 14 3 : 1x4x8x8\n"
             "16 = convolution_weight_gradient 0 15 : 4x4x1x1\n"
             "sgd 1 16\n"
             "outputs 10\n");

// Which parameters are trained, and by which factor: 0 where it is frozen.
template <const auto& Net>
constexpr bool is_trained(std::initializer_list<double> factors) {
  std::size_t i = 0;
  for (const tenon::node& current : tenon::plan_of<Net, tenon::image<1, 4, 8, 8>>::lowered::graph.nodes) {
    if (current.op != tenon::operation::parameter) continue;
    const tenon::attributes& has = current.attribute;
    if (i == factors.size() || factors.begin()[i++] != (has.trainable ? has.learning_rate_factor : 0)) return false;
  }
  return i == factors.size();
}
static_assert(is_trained<frozen_middle>({1, 0, 0, 1}));
static_assert(!tenon::plan_of<frozen_middle, tenon::image<1, 4, 8, 8>>::parameter_list[1].trainable);
static_assert(tenon::plan_of<frozen_middle, tenon::image<1, 4, 8, 8>>::parameter_list[3].trainable);

// What makes a variance unbiased is counted with 64 bits: here are 2^32 values a channel.
constexpr double unbiasing_factor(const tenon::shape& input) {
  const growing_graph graph = tenon::training_form(lowered_with<tenon::mean_square>(batch_norm{}, input).view());
  for (const tenon::node& each : graph.nodes) {
    if (each.op == tenon::operation::running_statistics) return each.attribute.scale;
  }
  return 0;
}
static_assert(unbiasing_factor(tenon::shape(1, 1, 65536, 65536)) == 4294967296.0 / 4294967295.0);
static_assert(unbiasing_factor(tenon::shape(1, 1, 1, 3)) == 1.5);

// Optimizer state and kept gradients are those of what is trained alone, a learning rate of 0 included.
template <const auto& Net, class Optimizer>
using kept_plan = tenon::plan_of<Net, tenon::image<1, 4, 8, 8>, tenon::mean_square, Optimizer, tenon::keep_gradients>;
static_assert(kept_plan<frozen_middle, tenon::adam<>>::parameter_count == 16 + (16 + 4) + 16);
static_assert(kept_plan<frozen_middle, tenon::adam<>>::optimizer_bytes == 2 * (16 + 16) * 4);
static_assert(kept_plan<frozen_middle, tenon::sgd<tenon::momentum<0.9>>>::optimizer_bytes == (16 + 16) * 4);
static_assert(kept_plan<frozen_middle, tenon::sgd<>>::gradient_bytes == (16 + 16) * 4);
static_assert(tenon::find_parameter_offsets(kept_plan<frozen_middle, tenon::adam<>>::compiled::graph.view())
                  .trained_bytes == 128);
constexpr auto all_frozen = frozen(conv2d<4>{});
static_assert(kept_plan<all_frozen, tenon::adam<>>::optimizer_bytes == 0);
constexpr auto still = learning_rate_factor<0.0>(conv2d<4>{});
static_assert(kept_plan<still, tenon::adam<>>::optimizer_bytes == 2 * 20 * 4);

// Factors multiply, and count only inside.
constexpr auto nested = conv2d<4, no_bias>{} >>
                        learning_rate_factor<0.5>(conv2d<4, no_bias>{} >>
                                                  learning_rate_factor<0.25>(conv2d<4, no_bias>{}) >>
                                                  frozen(conv2d<4, no_bias>{})) >>
                        conv2d<4, no_bias>{};
static_assert(is_trained<nested>({1, 0.5, 0.125, 0, 1}));

// By name, in a network that knows nothing of it; "head" is not "heads".
constexpr auto named = name<"encoder">(name<"stem">(conv2d<4, no_bias>{}) >> name<"body">(conv2d<4, no_bias>{})) >>
                       name<"heads">(conv2d<4, no_bias>{}) >> name<"head">(conv2d<4>{});
constexpr auto frozen_encoder = frozen<"encoder">(named);
static_assert(has_names<frozen_encoder>({"encoder.stem.weight", "encoder.body.weight", "heads.weight", "head.weight",
                                         "head.bias"}));
static_assert(is_trained<frozen_encoder>({0, 0, 1, 1, 1}));
constexpr auto frozen_body = learning_rate_factor<2.0, "head">(frozen<"encoder.body">(named));
static_assert(is_trained<frozen_body>({1, 0, 1, 2, 2}));
constexpr auto frozen_bias = frozen<"head.bias">(named);
static_assert(is_trained<frozen_bias>({1, 1, 1, 1, 0}));
static_assert(problem_of(frozen<"head.scale">(named)) == tenon::problem::selects_nothing);
// The name counts from the scope of the part.
constexpr auto inner_name = name<"net">(frozen<"encoder">(named));
static_assert(is_trained<inner_name>({0, 0, 1, 1, 1}));
// So it does where the part is a member of a chain, or called in a lambda; a part with a name counts with it.
constexpr auto inner_member = conv2d<4, no_bias>{} >> frozen<"encoder">(learning_rate_factor<0.5, "head">(named));
static_assert(has_names<inner_member>({"0.weight", "1.encoder.stem.weight", "1.encoder.body.weight", "1.heads.weight",
                                       "1.head.weight", "1.head.bias"}));
static_assert(is_trained<inner_member>({1, 0, 0, 1, 0.5, 0.5}));
constexpr auto inner_call = [](auto x) { return frozen<"0.bias">(frozen<"1">(conv2d<4>{} >> conv2d<4>{}))(x); };
static_assert(has_names<inner_call>({"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"}));
static_assert(is_trained<inner_call>({1, 0, 0, 0}));
constexpr auto named_member = conv2d<4, no_bias>{} >> frozen<"head.bias">(name<"head">(conv2d<4>{}));
static_assert(has_names<named_member>({"0.weight", "head.weight", "head.bias"}));
static_assert(is_trained<named_member>({1, 1, 0}));
// A selection takes no position, and a shared part is what its first call made it.
constexpr auto shared_frozen = [](auto x) {
  auto part = share<"a">(conv2d<4, no_bias>{});
  auto y = frozen([](auto z) { return conv2d<4, no_bias>{}(z); })(part(frozen(part)(x)));
  return conv2d<4, no_bias>{}(y);
};
static_assert(has_names<shared_frozen>({"a.weight", "0.0.weight", "1.weight"}));
static_assert(is_trained<shared_frozen>({0, 0, 1}));

// Norms that keep their running statistics compute by constants: those before all that is trained become part of their
// convolutions, and of the others dx is a multiple of dy, so that nothing is kept for it.
constexpr tenon::growing_text fused_and_trained(const growing_graph& graph) {
  const growing_graph fused = tenon::training_pipeline<tenon::onednn::capabilities>::fuse(graph.view());
  return text_of(tenon::differentiate(fused.view(), tenon::sgd<>::rule()));
}
constexpr auto kept_start = frozen<running_statistics>(conv2d<4, no_bias>{} >> batch_norm{} >> relu{}) >> conv2d<4>{};
TENON_EXPECT(fused_and_trained(lowered_with<tenon::mean_square>(kept_start)),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.0.weight : 4x4x1x1\n"
             "2 = parameter 0.1.weight : 4\n"
             "3 = parameter 0.1.bias : 4\n"
             "4 = buffer 0.1.running_mean : 4\n"
             "5 = buffer 0.1.running_var : 4\n"
             "6 = convolution(norm, relu) 0 1 2 3 4 5 : 1x4x8x8\n"
             "7 = parameter 1.weight : 4x4x1x1\n"
             "8 = parameter 1.bias : 4\n"
             "9 = convolution 6 7 8 : 1x4x8x8\n"
             "10 = target : 1x4x8x8\n"
             "11 = mean_square 9 10 : scalar\n"
             "12 = mean_square_gradient 9 10 : 1x4x8x8\n"
             "13, 14 = convolution_weight_gradient 6 12 : 4x4x1x1\n"
             "sgd 7 13\n"
             "sgd 8 14\n"
             "outputs 11\n");
constexpr auto kept_middle = frozen<"m", running_statistics>(conv2d<4>{} >> name<"m">(tower) >> conv2d<4>{});
TENON_EXPECT(fused_and_trained(lowered_with<tenon::mean_square>(kept_middle)),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.weight : 4x4x1x1\n"
             "2 = parameter 0.bias : 4\n"
             "3 = convolution 0 1 2 : 1x4x8x8\n"
             "4 = parameter m.0.weight : 4x4x1x1\n"
             "5 = convolution 3 4 : 1x4x8x8\n"
             "6 = parameter m.1.weight : 4\n"
             "7 = parameter m.1.bias : 4\n"
             "8 = buffer m.1.running_mean : 4\n"
             "9 = buffer m.1.running_var : 4\n"
             "10 = batch_norm 5 6 7 8 9 : 1x4x8x8\n"
             "11 = parameter 2.weight : 4x4x1x1\n"
             "12 = parameter 2.bias : 4\n"
             "13 = convolution 10 11 12 : 1x4x8x8\n"
             "14 = target : 1x4x8x8\n"
             "15 = mean_square 13 14 : scalar\n"
             "16 = mean_square_gradient 13 14 : 1x4x8x8\n"
             "17, 18 = convolution_weight_gradient 10 16 : 4x4x1x1\n"
             "19 = convolution_data_gradient 16 11 : 1x4x8x8\n"
             "sgd 11 17\n"
             "sgd 12 18\n"
             "20 = batch_norm_frozen_gradient 19 19 6 7 8 9 : 1x4x8x8\n"
             "21 = convolution_data_gradient 20 4 : 1x4x8x8\n"
             "22, 23 = convolution_weight_gradient 0 21 : 4x4x1x1\n"
             "sgd 1 22\n"
             "sgd 2 23\n"
             "outputs 15\n");
// With a trained scale, the norm's input is read again.
constexpr auto trained_scale = conv2d<4>{} >> batch_norm<running_statistics>{} >> relu{};
TENON_EXPECT(fused_and_trained(lowered_with<tenon::mean_square>(trained_scale)),
             "0 = input : 1x4x8x8\n"
             "1 = parameter 0.weight : 4x4x1x1\n"
             "2 = parameter 0.bias : 4\n"
             "3 = convolution 0 1 2 : 1x4x8x8\n"
             "4 = parameter 1.weight : 4\n"
             "5 = parameter 1.bias : 4\n"
             "6 = buffer 1.running_mean : 4\n"
             "7 = buffer 1.running_var : 4\n"
             "8 = batch_norm(relu) 3 4 5 6 7 : 1x4x8x8\n"
             "9 = target : 1x4x8x8\n"
             "10 = mean_square 8 9 : scalar\n"
             "11 = mean_square_gradient 8 9 : 1x4x8x8\n"
             "12, 13, 14 = batch_norm_frozen_gradient(relu) 3 11 4 5 6 7 : 1x4x8x8\n"
             "sgd 4 13\n"
             "sgd 5 14\n"
             "15, 16 = convolution_weight_gradient 0 12 : 4x4x1x1\n"
             "sgd 1 15\n"
             "sgd 2 16\n"
             "outputs 10\n");

// Which norms follow the batch in training.
template <const auto& Net>
constexpr bool follow(std::initializer_list<bool> expected) {
  const growing_graph lowered_net = lowered_with<tenon::mean_square>(Net);
  const growing_graph graph = tenon::training_form(lowered_net.view());
  std::size_t i = 0, updates = 0, following = 0;
  for (const tenon::node& each : graph.nodes) {
    updates += each.op == tenon::operation::running_statistics ? 1 : 0;
    const bool follows = each.op == tenon::operation::batch_norm_training;
    if (!follows && each.op != tenon::operation::batch_norm) continue;
    following += follows ? 1 : 0;
    if (i == expected.size() || expected.begin()[i++] != follows) return false;
  }
  return i == expected.size() && updates == following;
}
constexpr auto two_norms = name<"a">(batch_norm{}) >> name<"b">(batch_norm{}) >> conv2d<4>{};
constexpr auto frozen_parameters = frozen<"a">(two_norms);
static_assert(follow<frozen_parameters>({true, true}));
constexpr auto frozen_first = frozen<"a", running_statistics>(two_norms);
static_assert(follow<frozen_first>({false, true}) && is_trained<frozen_first>({0, 0, 1, 1, 1, 1}));
constexpr auto frozen_both = frozen<running_statistics>(two_norms);
static_assert(follow<frozen_both>({false, false}) && is_trained<frozen_both>({0, 0, 0, 0, 0, 0}));
static_assert(problem_of(frozen<"c", running_statistics>(two_norms)) == tenon::problem::selects_nothing);
constexpr auto layer_option = batch_norm<running_statistics>{} >> batch_norm{};
static_assert(follow<layer_option>({false, true}) && is_trained<layer_option>({1, 1, 1, 1}));
// Of a shared norm the first call decides, as of its parameters.
constexpr auto first_frozen = [](auto x) {
  auto norm = share<"a">(batch_norm{});
  return norm(frozen<running_statistics>(norm)(x));
};
static_assert(follow<first_frozen>({false, false}) && is_trained<first_frozen>({0, 0}));
constexpr auto then_frozen = [](auto x) {
  auto norm = share<"a">(batch_norm{});
  return frozen<running_statistics>(norm)(norm(conv2d<4>{}(x)));
};
static_assert(follow<then_frozen>({true, true}) && is_trained<then_frozen>({1, 1, 1, 1}));

// Indices that change sizes; positions are those of a repetition.
constexpr auto by_argument = unroll<3>([]<int I>(auto x) { return conv2d<(4 << I), no_bias>{}(x); });
static_assert(has_names<by_argument>({"0.0.weight", "1.0.weight", "2.0.weight"}));
constexpr auto by_index = conv2d<4, no_bias>{} >> unroll<2>([](auto index, auto x) {
                            return name<"down">(conv2d<(8 << index()), no_bias>{})(x);
                          }) >>
                          conv2d<4, no_bias>{};
static_assert(has_names<by_index>({"0.weight", "1.down.weight", "2.down.weight", "3.weight"}));
static_assert(tenon::plan_of<by_index, tenon::image<1, 4, 8, 8>>::parameter_list[2].extents ==
              tenon::shape(16, 8, 1, 1));
constexpr auto in_a_lambda = [](auto x) {
  auto y = unroll<2>([]<int I>(auto z) { return conv2d<4 + I, no_bias>{}(z); })(x);
  return conv2d<4, no_bias>{}(y);
};
static_assert(has_names<in_a_lambda>({"0.0.weight", "1.0.weight", "2.weight"}));

// A repetition of parts that take several positions takes them all.
constexpr auto repeated_twice = repeat<2>(repeat<2>(conv2d<4, no_bias>{})) >> conv2d<4, no_bias>{};
static_assert(has_names<repeated_twice>({"0.weight", "1.weight", "2.weight", "3.weight", "4.weight"}));

}  // namespace
