// SPDX-License-Identifier: Apache-2.0
// Average poolings, channels taken apart and shuffled, and linear layers equal PyTorch's.
#include <catch2/catch.hpp>

#include "golden/parts.hpp"

namespace {
using namespace tenon::layers;
using golden::after;
using golden::after3;
using golden::make;

template <int Bins>
void add_bins(std::vector<golden::test>& tests) {
  const std::string name = "bins " + std::to_string(Bins);
  tests.push_back({name, after<19>(adaptive_average_pool2d<Bins>{})});
  tests.push_back({name + " of less", after<3>(adaptive_average_pool2d<Bins>{})});
  tests.push_back({name + " 3-D", after3<5>(adaptive_average_pool3d<Bins>{})});
}

/// Means over bins of several sizes beside the map itself.
constexpr auto pyramid = [](auto image) {
  auto x = name<"stem">(conv2d<16, kernel<3>>{})(image);
  auto one = relu{}(name<"one">(conv2d<4>{})(adaptive_average_pool2d<1>{}(x)));
  auto two = relu{}(name<"two">(conv2d<4>{})(adaptive_average_pool2d<2>{}(x)));
  auto three = relu{}(name<"three">(conv2d<4>{})(adaptive_average_pool2d<3>{}(x)));
  auto six = relu{}(name<"six">(conv2d<4>{})(adaptive_average_pool2d<6>{}(x)));
  return name<"head">(conv2d<5>{})(
      concat(x, resize_like(one, x), resize_like(two, x), resize_like(three, x), resize_like(six, x)));
};

template <int Rank, int First, int Second, int Third>
constexpr auto in_three = [](auto x) {
  auto whole = name<"stem">(convolution<Rank, First + Second + Third, kernel<3>>{})(x);
  auto [a, b, c] = split<First, Second, Third>(whole);
  auto second = name<"second">(convolution<Rank, 5>{})(b);
  return concat(second, a, name<"third">(convolution<Rank, 3>{})(c));
};

template <int Channels, int Groups>
golden::network shuffled() {
  return make(name<"stem">(conv2d<Channels, kernel<3>>{}) >> channel_shuffle<Groups>{} >>
              name<"last">(conv2d<Channels>{}));
}

template <int Channels, int Stride>
constexpr auto dense = conv2d<Channels, no_bias>{} >> batch_norm{} >> relu{} >>
                       conv2d<Channels, kernel<3>, stride<Stride>, groups<Channels>, no_bias>{} >>
                       conv2d<Channels, no_bias>{} >> batch_norm{} >> relu{};

/// A ShuffleNet v2 unit: half the channels pass.
template <int Channels>
constexpr auto unit = [](auto x) {
  auto [kept, changed] = chunk<2>(x);
  return channel_shuffle<2>{}(concat(kept, name<"branch2">(dense<Channels / 2, 1>)(changed)));
};
/// Both halves are made anew at half the size.
template <int Inputs, int Channels>
constexpr auto down_unit = [](auto x) {
  auto left = name<"branch1">(conv2d<Inputs, kernel<3>, stride<2>, groups<Inputs>, no_bias>{} >>
                              conv2d<Channels / 2, no_bias>{} >> batch_norm{} >> relu{})(x);
  auto right = name<"branch2">(dense<Channels / 2, 2>)(x);
  return channel_shuffle<2>{}(concat(left, right));
};
}  // namespace

TEST_CASE("poolings, channels and linear layers equal PyTorch's") {
  std::vector<golden::test> tests = {
      {"average 2", after<5>(average_pool2d<kernel<2>>{})},
      {"average with padding", after<19>(average_pool2d<kernel<3>, stride<2>, padding<1>>{})},
      {"average without padding", after<19>(average_pool2d<kernel<3>, stride<2>, padding<1>, ignore_padding>{})},
      {"average overlapping", after<33>(average_pool2d<kernel<3>, stride<1>, padding<1>>{})},
      {"average 3 x 1", after<3>(average_pool2d<kernel<3, 1>, stride<2, 1>>{})},
      {"average with gaps", after<5>(average_pool2d<kernel<2>, stride<3>>{})},
      {"average of much", after<3>(average_pool2d<kernel<9, 12>, stride<4, 5>, padding<4, 6>>{})},
      {"average one pixel", after<1>(average_pool2d<kernel<1>>{})},
      {"average 3-D", after3<5>(average_pool3d<kernel<2>>{})},
      {"average 3-D with padding", after3<11>(average_pool3d<kernel<3>, stride<2>, padding<1>>{})},
      {"average 3-D without padding",
       after3<11>(average_pool3d<kernel<3, 2, 3>, stride<2, 1, 3>, padding<1>, ignore_padding>{})},

      {"bins 2 x 5", after<11>(adaptive_average_pool2d<2, 5>{})},
      {"bins 3-D, each its own", after3<4>(adaptive_average_pool3d<1, 3, 2>{})},
      {"global", after<33>(global_average_pool{})},
      {"global 3-D", after3<5>(global_average_pool{})},
      {"global of a large map", after<3>(global_average_pool{})},
      {"pyramid of bins", make(pyramid)},

      {"flatten and linear",
       make([](auto x) { return name<"2">(linear<11>{})(name<"0">(conv2d<5, kernel<3>>{})(x)); })},
      {"linear alone", make([](auto x) { return name<"1">(linear<33, no_bias>{})(x); })},
      {"linear 3-D", make([](auto x) { return name<"2">(linear<7>{})(name<"0">(conv3d<3>{})(x)); })},
      {"classifier", make(name<"stem">(conv2d<19, kernel<3>, stride<2>>{}) >> relu{} >> global_average_pool{} >>
                          name<"first">(linear<33>{}) >> relu{} >> name<"last">(linear<11>{}))},
      {"squeeze and excitation", make([](auto x) {
         auto y = name<"stem">(conv2d<16, kernel<3>>{})(x);
         auto few = relu{}(name<"one">(linear<4>{})(global_average_pool{}(y)));
         return y * sigmoid{}(name<"two">(linear<16>{})(few));
       })},

      {"split of full blocks", make(in_three<2, 16, 32, 32>)},
      {"split of odd channels", make(in_three<2, 3, 19, 19>)},
      {"split 3-D", make(in_three<3, 5, 8, 8>)},
      {"split with an unused part", make([](auto x) {
         auto [a, b, c] = split<11, 5, 11>(name<"stem">(conv2d<27, kernel<3>>{})(x));
         return c + name<"last">(conv2d<11>{})(a);
       })},
      {"split and its whole", make([](auto x) {
         auto y = name<"stem">(conv2d<16>{})(x);
         auto parts = split<8, 8>(y);
         return concat(relu{}(y), name<"last">(conv2d<3>{})(parts[1]));
       })},
      {"split of the input", make([](auto x) {
         auto [a, b] = split<2, 3>(x);
         return name<"first">(conv2d<5, kernel<3>>{})(a) + name<"second">(conv2d<5>{})(b);
       })},
      {"chunk", make([](auto x) {
         auto [a, b, c] = chunk<3>(name<"stem">(conv2d<33, kernel<3>>{})(x));
         return add(a, b, name<"last">(conv2d<11>{})(c));
       })},
      {"shuffle 6 by 3", shuffled<6, 3>()},
      {"shuffle 16 by 2", shuffled<16, 2>()},
      {"shuffle 33 by 11", shuffled<33, 11>()},
      {"shuffle 24 by 8", shuffled<24, 8>()},
      {"shuffle 3-D", make(name<"stem">(conv3d<12>{}) >> channel_shuffle<4>{})},
      {"shuffle unit", make(unit<24>)},
      {"shuffle unit, half the size", make(down_unit<16, 40>)},
      {"shuffle network", make([](auto x) {
         x = relu{}(name<"1">(batch_norm{})(name<"0">(conv2d<16, kernel<3>, stride<2>, no_bias>{})(x)));
         x = name<"3">(down_unit<16, 36>)(x);
         x = name<"5">(unit<36>)(name<"4">(unit<36>)(x));
         return name<"8">(linear<11>{})(global_average_pool{}(x));
       })},
  };
  add_bins<1>(tests);
  add_bins<2>(tests);
  add_bins<3>(tests);
  add_bins<6>(tests);
  golden::check_all("pooling", tests);
}
