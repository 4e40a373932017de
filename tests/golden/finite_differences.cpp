// SPDX-License-Identifier: Apache-2.0
// Gradients of whole small networks equal central differences in double; every operation stands in one of them.
#include <catch2/catch.hpp>
#include <set>

#include "support/check_gradient.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/models/unet.hpp"

namespace {
using namespace tenon;
using namespace tenon::layers;
using support::lower_with_loss;

/// All that there is, in 2-D or 3-D; two outputs.
template <int Rank>
constexpr auto everything = [](auto x) {
  auto fine = name<"fine">(convolution<Rank, 6, kernel<3>, no_bias>{} >> batch_norm{} >> relu{})(x);
  auto coarse = name<"coarse">(convolution<Rank, 8, kernel<3>, stride<2>>{} >> relu{})(fine);
  auto pooled = max_pool<Rank, kernel<3>, stride<2>, padding<1>>{}(fine);
  auto joined = concat(coarse, pooled);
  auto wide = name<"wide">(convolution<Rank, 14, kernel<3>, dilation<2>, groups<2>>{} >> batch_norm{})(joined);
  auto sum = relu{}(wide + joined);
  auto up = name<"up">(transposed_convolution<Rank, 6, kernel<2>, stride<2>>{})(sum);
  auto fitted = pad_like(up, fine) + resize_like(name<"thin">(convolution<Rank, 6>{})(sum), fine);
  auto nearer = resize_like<nearest<>>(max_pool<Rank, kernel<2>>{}(fitted), fine);
  auto aligned = resize_like<align_corners>(name<"other">(convolution<Rank, 5, padding<1>, kernel<2>>{})(fitted), fine);
  auto classes = name<"classes">(convolution<Rank, 4>{})(concat(fitted, nearer, aligned));
  return std::tuple{classes, name<"values">(convolution<Rank, 3, kernel<1>, stride<2>>{})(classes)};
};
using both_losses = losses<cross_entropy<ignore<9>, class_weights<0.5, 2.0, 1.0, 3.0>>, weighted<mean_square, 0.4>>;

/// All that works element by element.
template <int Rank>
constexpr auto elements = [](auto x) {
  auto first = name<"first">(convolution<Rank, 6, kernel<3>>{} >> leaky_relu<0.2>{} >> dropout<0.3>{})(x);
  auto second = name<"second">(convolution<Rank, 6>{} >> prelu{} >> hard_swish{} >> dropout_channels<0.2>{})(first);
  auto gate = sigmoid{}(name<"gate">(convolution<Rank, 6>{})(first));
  auto product = second * gate;
  auto squared = name<"third">(convolution<Rank, 6>{} >> elu<0.7>{})(product);
  auto shares = softmax{}(name<"shares">(convolution<Rank, 6>{} >> relu6{})(squared * squared));
  return std::tuple{name<"last">(convolution<Rank, 3>{})(shares),
                    name<"hard">(convolution<Rank, 2>{} >> hard_sigmoid{})(product)};
};
using element_losses = losses<binary_cross_entropy, weighted<mean_square, 0.4>>;

/// A factor of one pixel an image.
constexpr auto gated = [](auto x, auto pixel) {
  auto gate = name<"gate">(conv2d<5>{} >> sigmoid{})(pixel);
  return name<"last">(conv2d<3>{})(name<"first">(conv2d<5, kernel<3>>{})(x) * gate);
};
growing_graph made_gated() {
  const shape inputs[] = {shape(2, 3, 5, 4), shape(2, 4, 1, 1)};
  return lower_with_loss<binary_cross_entropy, 2>(gated, inputs);
}

/// Norms of each image, read by convolutions and by activations, with and without parameters.
template <int Rank>
constexpr auto normed = [](auto x) {
  auto first = name<"first">(convolution<Rank, 6, kernel<3>>{} >> group_norm<2>{} >> convolution<Rank, 6>{})(x);
  auto second = name<"second">(instance_norm<affine>{} >> relu{} >> convolution<Rank, 9>{})(first);
  auto third = name<"third">(group_norm<nearest<4>, no_affine>{} >> hard_swish{} >> convolution<Rank, 6>{})(second);
  return relu{}(name<"norm">(group_norm<6>{})(third) + first);
};

/// Average poolings, and channels that are cut and mixed.
template <int Rank>
constexpr auto pooled = [](auto x) {
  auto first = name<"first">(convolution<Rank, 8, kernel<3>>{})(x);
  auto near = average_pool<Rank, kernel<3>, stride<2>, padding<1>>{}(first);
  auto mixed = channel_shuffle<2>{}(name<"mixed">(convolution<Rank, 8>{})(resize_like(near, first)));
  auto parts = split<2, 6>(mixed);
  auto whole = resize_like(global_average_pool{}(first), first);
  return name<"last">(convolution<Rank, 3>{})(concat(relu{}(parts[1]), whole, parts[0]));
};

constexpr auto over_one_value = conv2d<5>{} >> batch_norm{} >> relu{} >> conv2d<3>{};

/// Logits that are resized for the loss, which a cross entropy does while it reads them.
template <auto... Options>
constexpr auto resized = conv2d<5, kernel<3>>{} >> relu{} >> conv2d<4>{} >> resize<size<9, 14>, Options...>{};

constexpr auto fan_out = [](auto x) {
  auto y = name<"first">(conv2d<5, kernel<3>>{})(x);
  auto z = y + y;
  return name<"last">(conv2d<3>{})(concat(y, relu{}(y), z, max_pool2d<kernel<3>, stride<1>, padding<1>>{}(z)));
};

template <class Loss, class Net>
growing_graph made(const Net& net, const shape& input) {
  return lower_with_loss<Loss>(net, std::span(&input, 1));
}
}  // namespace

TEST_CASE("gradients of networks of all layers equal central differences") {
  support::check_gradient(made<both_losses>(everything<2>, shape(2, 3, 9, 11)));
  support::check_gradient(made<both_losses>(everything<2>, shape(1, 1, 6, 5)), 2);
  support::check_gradient(made<both_losses>(everything<3>, shape(1, 2, 5, 4, 7)), 3);
}

TEST_CASE("gradients of networks of element-wise layers equal central differences") {
  support::check_gradient(made<element_losses>(elements<2>, shape(2, 3, 5, 6)));
  support::check_gradient(made<element_losses>(elements<3>, shape(1, 2, 3, 4, 3)), 2);
  support::check_gradient(made_gated());
}

TEST_CASE("gradients of a batch norm over one value equal central differences") {
  support::check_gradient(made<cross_entropy<>>(over_one_value, shape(1, 7, 1, 1)));
  support::check_gradient(made<mean_square>(over_one_value, shape(3, 2, 1, 1)), 2);
}

TEST_CASE("gradients of norms of each image equal central differences") {
  support::check_gradient(made<mean_square>(normed<2>, shape(2, 3, 4, 5)));
  support::check_gradient(made<cross_entropy<>>(normed<3>, shape(1, 2, 3, 4, 2)), 2);
}

TEST_CASE("gradients of poolings and of channels that are moved equal central differences") {
  support::check_gradient(made<mean_square>(pooled<2>, shape(2, 3, 5, 4)));
  support::check_gradient(made<cross_entropy<>>(pooled<3>, shape(1, 2, 3, 4, 3)), 2);
}

TEST_CASE("gradients of logits that are resized for the loss equal central differences") {
  using weighted_loss = cross_entropy<ignore<2>, class_weights<0.5, 1, 2, 1.25>>;
  support::check_gradient(made<weighted_loss>(resized<>, shape(2, 3, 4, 5)));
  support::check_gradient(made<cross_entropy<>>(resized<nearest<>>, shape(1, 2, 5, 3)), 2);
}

TEST_CASE("gradients of values read more than once equal central differences") {
  support::check_gradient(made<mean_square>(fan_out, shape(3, 3, 5, 4)));
}

TEST_CASE("gradients of a U-Net of odd size equal central differences") {
  // Gradients are smaller here, and rounding of the loss is a greater part of their differences.
  support::check_gradient(made<cross_entropy<ignore<3>>>(models::unet<3, 2>, shape(2, 3, 19, 37)), 1, 1e-5);
}

TEST_CASE("a gradient that is wrong is noticed") {
  support::training_in_double training(made<both_losses>(everything<2>, shape(1, 3, 6, 7)));
  training.find_gradients();
  CHECK(training.difference(0) < 1e-6);
  training.gradient(0)[0] *= 1.001;
  training.gradient(0)[0] += 1e-4;
  CHECK(training.difference(0) > 1e-6);
}

TEST_CASE("every operation of a training step is among those whose gradients are checked") {
  std::set<operation> seen;
  const growing_graph graphs[] = {
      made<both_losses>(everything<2>, shape(2, 3, 9, 11)), made<cross_entropy<>>(over_one_value, shape(1, 7, 1, 1)),
      made<mean_square>(normed<2>, shape(2, 3, 4, 5)),      made<mean_square>(pooled<2>, shape(2, 3, 5, 4)),
      made<element_losses>(elements<2>, shape(2, 3, 5, 6)), made_gated(),
      made<cross_entropy<>>(resized<>, shape(2, 3, 4, 5))};
  for (const growing_graph& graph : graphs) {
    const support::run_time_plan plan = support::plan_training<reference::capabilities>(graph, sgd<>::rule());
    for (const node& each : plan.view().graph.nodes) seen.insert(each.op);
  }
  for (auto op = operation::convolution; op <= operation::binary_cross_entropy_gradient;
       op = static_cast<operation>(static_cast<int>(op) + 1)) {
    INFO(name_of(op));
    CHECK(seen.contains(op));
  }
}
