// SPDX-License-Identifier: Apache-2.0
// Fast-SCNN.
#pragma once

#include <array>
#include <utility>

#include "tenon/core/ordering.hpp"
#include "tenon/layers/layers.hpp"

namespace tenon {
inline namespace v0 {
namespace models {

/// What the paper varies. `width` multiplies all channels, which are rounded down and at least 8; `blocks` are those of
/// the three groups of bottlenecks; `bins` are the sizes to which the pyramid pools.
template <std::size_t Bins = 4>
struct fast_scnn_options {
  real width = 1.0;
  int expansion = 6;
  std::array<int, 3> blocks{3, 3, 3};
  std::array<int, Bins> bins{1, 2, 3, 6};
  real dropout = 0.1;

  constexpr int scaled(int channels) const { return greater(8, static_cast<int>(channels * width.value())); }
};

/// A convolution without bias, and a norm; and ReLU.
template <auto Norm, int Channels, class... Options>
inline constexpr auto fast_scnn_linear = layers::conv2d<Channels, layers::no_bias, Options...>{} >> Norm;
template <auto Norm, int Channels, class... Options>
inline constexpr auto fast_scnn_convolution = layers::chain(fast_scnn_linear<Norm, Channels, Options...>,
                                                            layers::relu{});

/// Depthwise and pointwise convolution, with ReLU only at the end.
template <auto Norm, int Inputs, int Channels, int Stride = 1>
inline constexpr auto fast_scnn_separable = [](auto x) {
  using namespace layers;
  x = fast_scnn_linear<Norm, Inputs, kernel<3>, stride<Stride>, groups<Inputs>>(x);
  return fast_scnn_convolution<Norm, Channels>(x);
};

/// An inverted residual block: wide inside, its input added where stride and channels allow it.
template <auto Norm, int Inputs, int Channels, int Stride, int Expansion>
inline constexpr auto fast_scnn_bottleneck = [](auto x) {
  using namespace layers;
  constexpr auto branch = [](auto y) {
    constexpr int wide = Inputs * Expansion;
    y = fast_scnn_convolution<Norm, wide>(y);
    y = fast_scnn_convolution<Norm, wide, kernel<3>, stride<Stride>, groups<wide>>(y);
    return fast_scnn_linear<Norm, Channels>(y);
  };
  auto y = name<"c">(branch)(x);
  if constexpr (Stride == 1 && Inputs == Channels) y = add(y, x);
  return y;
};

/// Count bottlenecks, numbered on from First, the first of which changes size and channels.
template <auto Norm, int Inputs, int Channels, int Stride, int Expansion, int First, int Count>
inline constexpr auto fast_scnn_group = [](auto x) {
  x = layers::name<"gfe">(fast_scnn_bottleneck<Norm, Inputs, Channels, Stride, Expansion>, First)(x);
  for (int i = 1; i < Count; ++i) {
    x = layers::name<"gfe">(fast_scnn_bottleneck<Norm, Channels, Channels, 1, Expansion>, First + i)(x);
  }
  return x;
};

/// Joins x with its means over the bins of each size.
template <auto Norm, auto Bins, int Channels>
inline constexpr auto fast_scnn_pyramid = [](auto x) {
  using namespace layers;
  const auto pool = [&]<int... I>(std::integer_sequence<int, I...>) {
    constexpr auto pointwise = fast_scnn_convolution<Norm, Channels / static_cast<int>(Bins.size())>;
    // Braces call from left to right.
    const std::array pooled{resize_like(name<"br">(pointwise, I)(adaptive_average_pool2d<Bins[I]>{}(x)), x)...};
    return concat(x, pooled[I]...);
  };
  return pool(std::make_integer_sequence<int, static_cast<int>(Bins.size())>{});
};

/// Fast-SCNN (Poudel, Liwicki, Cipolla 2019): learning to downsample, global features, fusion, classifier.
///
/// (N, 3, H, W) -> (N, Classes, H, W). Norm is a layer: batch_norm<>{}, or group_norm<nearest<32>>{}.
/// 1,137,795 parameters with 19 classes.
template <int Classes, auto Norm = layers::batch_norm<>{}, auto Options = fast_scnn_options<>{}>
inline constexpr auto fast_scnn = [](auto image) {
  using namespace layers;
  constexpr auto o = Options;
  constexpr int a = o.scaled(32), b = o.scaled(48), c = o.scaled(64), d = o.scaled(96), e = o.scaled(128);
  constexpr int second = o.blocks[0], third = second + o.blocks[1];
  auto fine = name<"lds">(fast_scnn_convolution<Norm, a, kernel<3>, stride<2>>, 0)(image);
  fine = name<"lds">(fast_scnn_separable<Norm, a, b, 2>, 1)(fine);
  fine = name<"lds">(fast_scnn_separable<Norm, b, c, 2>, 2)(fine);
  auto x = fast_scnn_group<Norm, c, c, 2, o.expansion, 0, o.blocks[0]>(fine);
  x = fast_scnn_group<Norm, c, d, 2, o.expansion, second, o.blocks[1]>(x);
  x = fast_scnn_group<Norm, d, e, 1, o.expansion, third, o.blocks[2]>(x);
  x = name<"ppm">(fast_scnn_pyramid<Norm, o.bins, e>)(x);
  x = resize_like(name<"ppm_out">(fast_scnn_convolution<Norm, e>)(x), fine);
  x = name<"low_dw">(fast_scnn_convolution<Norm, e, kernel<3>, dilation<4>, groups<e>>)(x);
  x = name<"low_pw">(fast_scnn_linear<Norm, e>)(x);
  x = relu{}(add(x, name<"high">(fast_scnn_linear<Norm, e>)(fine)));
  x = name<"cls">(fast_scnn_separable<Norm, e, e>, 0)(x);
  x = name<"cls">(fast_scnn_separable<Norm, e, e>, 1)(x);
  return resize_like(name<"cls">(conv2d<Classes>{}, 3)(dropout<o.dropout>{}(x)), image);
};

}  // namespace models
}  // namespace v0
}  // namespace tenon
