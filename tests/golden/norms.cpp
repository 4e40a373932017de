// SPDX-License-Identifier: Apache-2.0
// Group norms, instance norms, and what is fused behind norms equal PyTorch's.
#include <catch2/catch.hpp>

#include "golden/harness.hpp"

namespace {
using namespace tenon::layers;
using golden::make;

/// A convolution, the norm of its channels, ReLU, and a convolution, so that gradients go through all.
template <int Channels, int Rank = 2, class Norm>
golden::network between(const Norm& norm) {
  return make(convolution<Rank, Channels, kernel<3>, no_bias>{} >> norm >> relu{} >> convolution<Rank, 3>{});
}

/// A function behind a norm, and behind the sum of a norm and another value.
template <class Norm, class Function>
void add_function(std::vector<golden::test>& tests, const std::string& kind, const Norm& norm, const std::string& named,
                  const Function& function) {
  tests.push_back({kind + " and " + named, make(conv2d<18, kernel<3>, no_bias>{} >> norm >> function >> conv2d<3>{})});
  tests.push_back({kind + ", sum and " + named, make([norm, function](auto x) {
                     auto y = name<"first">(conv2d<18>{})(x);
                     auto z = name<"norm">(norm)(name<"second">(conv2d<18, kernel<3>, no_bias>{})(y));
                     return name<"last">(conv2d<3>{})(function(z + y));
                   })});
}

template <class Norm>
void add_functions(std::vector<golden::test>& tests, const std::string& kind, const Norm& norm) {
  tests.push_back({kind + ", sum and none", make([norm](auto x) {
                     auto y = name<"first">(conv2d<18>{})(x);
                     auto z = name<"norm">(norm)(name<"second">(conv2d<18, kernel<3>, no_bias>{})(y));
                     return name<"last">(conv2d<3>{})(z + y);
                   })});
  add_function(tests, kind, norm, "relu", relu{});
  add_function(tests, kind, norm, "leaky_relu", leaky_relu<0.2>{});
  add_function(tests, kind, norm, "relu6", relu6{});
  add_function(tests, kind, norm, "elu", elu<0.7>{});
  add_function(tests, kind, norm, "sigmoid", sigmoid{});
  add_function(tests, kind, norm, "hard_sigmoid", hard_sigmoid{});
  add_function(tests, kind, norm, "hard_swish", hard_swish{});
}

/// relu(norm(conv(x)) + x), the norm and the convolution named.
template <class Norm>
constexpr auto residual =
    [](auto x) { return relu{}(name<"norm">(Norm{})(name<"conv">(conv2d<16, kernel<3>, no_bias>{})(x)) + x); };
}  // namespace

TEST_CASE("norms equal PyTorch's") {
  std::vector<golden::test> tests = {
      {"group_norm of full blocks", between<32>(group_norm<2>{})},
      {"group_norm of part blocks", between<32>(group_norm<8>{})},
      {"group_norm that cuts blocks", between<78>(group_norm<3>{})},
      {"group_norm of one group", between<19>(group_norm<1>{})},
      {"group_norm of odd channels", between<33>(group_norm<11>{})},
      {"group_norm nearest below", between<48>(group_norm<nearest<32>>{})},
      {"group_norm nearest above", between<15>(group_norm<nearest<4>>{})},
      {"group_norm of 728", between<728>(group_norm<nearest<32>>{})},
      {"group_norm without affine", between<12>(group_norm<4, no_affine>{})},
      {"group_norm with epsilon", between<12>(group_norm<nearest<4>, epsilon<0.1>>{})},
      {"group_norm 3-D", between<24, 3>(group_norm<6>{})},
      {"group_norm of one pixel", between<24>(group_norm<3>{})},
      {"group_norm of the input", make(group_norm<2>{} >> conv2d<5, kernel<3>>{})},
      {"group_norm of what two read", make([](auto x) {
         auto y = name<"first">(conv2d<20>{})(x);
         auto normed = name<"norm">(group_norm<5>{})(y);
         return normed + name<"second">(conv2d<20, kernel<3>>{})(y);
       })},
      {"instance_norm", between<19>(instance_norm<>{})},
      {"instance_norm with affine", between<16>(instance_norm<affine>{})},
      {"instance_norm 3-D", between<11, 3>(instance_norm<>{})},
      {"instance_norm 3-D with affine", between<33, 3>(instance_norm<epsilon<1e-3>, affine>{})},
      {"two norms summed", make([](auto x) {
         auto first = name<"first_norm">(group_norm<3>{})(name<"first">(conv2d<18, kernel<3>, no_bias>{})(x));
         auto second = name<"second_norm">(batch_norm{})(name<"second">(conv2d<18, no_bias>{})(x));
         return name<"last">(conv2d<5, kernel<3>>{})(relu{}(first + second));
       })},
      {"residual blocks of norms", make([](auto x) {
         auto one = name<"one">(residual<group_norm<4>>)(name<"first">(conv2d<16, kernel<3>>{})(x));
         return name<"last">(conv2d<3>{})(name<"two">(residual<batch_norm<>>)(one));
       })},
  };
  add_functions(tests, "batch_norm", batch_norm<>{});
  add_functions(tests, "group_norm", group_norm<6>{});
  golden::check_all("norms", tests);
}
