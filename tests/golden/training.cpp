// SPDX-License-Identifier: Apache-2.0
// Losses and optimizers equal PyTorch's.
#include <catch2/catch.hpp>

#include "golden/harness.hpp"

namespace {
using namespace tenon::layers;
using namespace tenon;
using golden::make;

/// A convolution 3 x 3, ReLU, a convolution 1 x 1.
template <int Outputs, int Rank = 2>
constexpr auto small = convolution<Rank, 16, kernel<3>>{} >> relu{} >> convolution<Rank, Outputs>{};

/// Two outputs of one trunk: the second's head reads the first's too where `Joined` says so.
template <int First, int Second, bool Joined = false>
constexpr auto two_heads = [](auto x) {
  auto trunk = relu{}(name<"trunk">(conv2d<11, kernel<3>>{})(x));
  auto first = name<"first">(conv2d<First>{})(trunk);
  auto second = name<"second">(conv2d<Second, kernel<3>, stride<2>>{})(Joined ? first : trunk);
  return std::tuple{first, second};
};

constexpr auto one_twice = [](auto x) {
  auto y = name<"only">(conv2d<5, kernel<3>>{})(x);
  return std::tuple{y, y};
};

constexpr auto net = conv2d<11, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> conv2d<5>{};

template <class Optimizer>
golden::network trained() {
  return make<cross_entropy<>, Optimizer>(net);
}
template <class Optimizer, class Option>
golden::network clipped() {
  return make<cross_entropy<>, plan_arguments<cross_entropy<>, Optimizer, Option>>(net);
}
}  // namespace

TEST_CASE("losses and optimizers equal PyTorch's") {
  const std::vector<golden::test> tests = {
      {"mean_square", make(small<5>)},
      {"mean_square of one value", make(small<1>)},
      {"mean_square 3-D", make(small<19, 3>)},
      {"mean_square weighted", make<weighted<mean_square, 0.3>>(small<33>)},
      {"cross_entropy of 11", make<cross_entropy<>>(small<11>)},
      {"cross_entropy of one pixel", make<cross_entropy<>>(small<3>)},
      {"cross_entropy of 1", make<cross_entropy<>>(small<1>)},
      {"cross_entropy of 33", make<cross_entropy<>>(small<33>)},
      {"cross_entropy of 2, batch 3", make<cross_entropy<>>(small<2>)},
      {"cross_entropy ignoring 11", make<cross_entropy<ignore<11>>>(small<11>)},
      {"cross_entropy ignoring a class", make<cross_entropy<ignore<2>>>(small<5>)},
      {"cross_entropy ignoring 255", make<cross_entropy<ignore<255>>>(small<19>)},
      {"cross_entropy with weights", make<cross_entropy<class_weights<0.5, 2.0, 1.25>>>(small<3>)},
      {"cross_entropy ignoring with weights",
       make<cross_entropy<ignore<4>, class_weights<0.1, 3.0, 0.0, 1.5, 7.0>>>(small<5>)},
      {"cross_entropy weighted", make<weighted<cross_entropy<>, 0.4>>(small<5>)},
      {"cross_entropy 3-D", make<cross_entropy<ignore<0>>>(small<5, 3>)},
      {"losses of two outputs", make<losses<cross_entropy<ignore<5>>, weighted<mean_square, 0.4>>>(two_heads<5, 3>)},
      {"losses of two outputs, one behind the other",
       make<losses<weighted<mean_square, 0.7>, weighted<cross_entropy<>, 1.5>>>(two_heads<19, 11, true>)},
      {"losses of one output twice", make<losses<mean_square, weighted<mean_square, 0.2>>>(one_twice)},

      {"sgd", trained<sgd<>>()},
      {"sgd momentum", trained<sgd<momentum<0.9>>>()},
      {"sgd nesterov", trained<sgd<momentum<0.8>, nesterov>>()},
      {"sgd weight decay", trained<sgd<weight_decay<0.05>>>()},
      {"sgd momentum weight decay", trained<sgd<momentum<0.9>, weight_decay<0.01>>>()},
      {"sgd nesterov weight decay", trained<sgd<momentum<0.9>, nesterov, weight_decay<0.01>>>()},
      {"adam", trained<adam<>>()},
      {"adam weight decay", trained<adam<weight_decay<0.1>>>()},
      {"adam options", trained<adam<betas<0.7, 0.95>, adam_epsilon<1e-3>>>()},
      {"adamw", trained<adamw<>>()},
      {"sgd clipped by norm", clipped<sgd<momentum<0.9>, weight_decay<0.01>>, clip_norm<0.2>>()},
      {"sgd within the norm", clipped<sgd<momentum<0.9>>, clip_norm<100>>()},
      {"adam clipped by norm", clipped<adam<>, clip_norm<0.05>>()},
      {"sgd clipped by value", clipped<sgd<momentum<0.9>>, clip_value<0.02>>()},
      {"adamw options", trained<adamw<betas<0.8, 0.99>, adam_epsilon<1e-4>, weight_decay<0.3>>>()},
  };
  golden::check_all("training", tests);
}
