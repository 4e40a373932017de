// SPDX-License-Identifier: Apache-2.0
// ESPNet.
#pragma once

#include <array>

#include "tenon/layers/layers.hpp"

namespace tenon {
inline namespace v0 {
namespace models {

/// A norm, and ReLU with a learned slope.
template <auto Norm>
inline constexpr auto espnet_norm_activation = layers::name<"bn">(Norm) >> layers::name<"act">(layers::prelu{});

/// A convolution without bias.
template <int Channels, class... Options>
inline constexpr auto espnet_convolution =
    layers::name<"conv">(layers::conv2d<Channels, layers::no_bias, Options...>{});

/// An efficient spatial pyramid: fewer channels, five convolutions of them with growing dilation, sums of these so that
/// no grid is left, joined. The first convolution is given what Options say.
template <int Channels, class... Options>
inline constexpr auto espnet_pyramid = [](auto x) {
  using namespace layers;
  constexpr int inner = Channels / 5;
  x = name<"c1">(espnet_convolution<inner, Options...>)(x);
  auto d1 = name<"d1">(espnet_convolution<Channels - 4 * inner, kernel<3>>)(x);
  auto d2 = name<"d2">(espnet_convolution<inner, kernel<3>, dilation<2>>)(x);
  auto d4 = add(name<"d4">(espnet_convolution<inner, kernel<3>, dilation<4>>)(x), d2);
  auto d8 = add(name<"d8">(espnet_convolution<inner, kernel<3>, dilation<8>>)(x), d4);
  auto d16 = add(name<"d16">(espnet_convolution<inner, kernel<3>, dilation<16>>)(x), d8);
  return concat(d1, d2, d4, d8, d16);
};

/// Halves the size.
template <auto Norm, int Channels>
inline constexpr auto espnet_down = [](auto x) {
  using namespace layers;
  return espnet_norm_activation<Norm>.body(espnet_pyramid<Channels, kernel<3>, stride<2>>(x));
};

/// Keeps the size; x is added where it has as many channels as the result.
template <auto Norm, int Channels>
inline constexpr auto espnet_block = [](auto x) {
  using namespace layers;
  auto y = espnet_pyramid<Channels>(x);
  if (x.channels() == Channels) y = add(y, x);
  return name<"bn">(espnet_norm_activation<Norm>)(y);
};

/// ESPNet (Mehta, Rastegari, Caspi, Shapiro, Hajishirzi 2018) with its light decoder. P and Q are how many blocks keep
/// the size at a quarter and at an eighth of the picture's; Widths are channels at a half, a quarter and an eighth.
///
/// (N, 3, H, W) -> (N, Classes, H, W); H and W have to divide by 8. 354,517 parameters with 12 classes.
template <int Classes, int P = 2, int Q = 8, std::array<int, 3> Widths = std::array{16, 64, 128},
          auto Norm = layers::batch_norm<layers::epsilon<1e-3>>{}>
inline constexpr auto espnet = [](auto image) {
  using namespace layers;
  constexpr auto finish = espnet_norm_activation<Norm>;
  constexpr auto halve = average_pool2d<kernel<3>, stride<2>, padding<1>>{};
  constexpr auto twice = conv_transpose2d<Classes, kernel<2>, stride<2>, no_bias>{};
  auto half = halve(image);
  auto quarter = halve(half);
  auto x = name<"encoder.level1">(espnet_convolution<Widths[0], kernel<3>, stride<2>> >> finish)(image);
  auto level1 = name<"encoder.b1">(finish)(concat(x, half));

  auto first = name<"encoder.level2_0">(espnet_down<Norm, Widths[1]>)(level1);
  x = first;
  for (int i = 0; i < P; ++i) x = name<"encoder.level2">(espnet_block<Norm, Widths[1]>, i)(x);
  auto level2 = name<"encoder.b2">(finish)(concat(x, first, quarter));
  auto skip = name<"level3_C">(espnet_convolution<Classes>)(level2);

  first = name<"encoder.level3_0">(espnet_down<Norm, Widths[2]>)(level2);
  x = first;
  for (int i = 0; i < Q; ++i) x = name<"encoder.level3">(espnet_block<Norm, Widths[2]>, i)(x);
  x = name<"encoder.b3">(finish)(concat(first, x));
  x = name<"encoder.classifier">(espnet_convolution<Classes>)(x);

  x = name<"up_l3">(twice, 0)(name<"br">(Norm)(x));
  x = name<"combine_l2_l3">(finish, 0)(concat(skip, x));
  x = name<"combine_l2_l3">(espnet_block<Norm, Classes>, 1)(x);
  x = name<"up_l2">(twice, 0)(x);
  x = name<"up_l2">(finish, 1)(x);
  x = name<"conv">(espnet_convolution<Classes, kernel<3>> >> finish)(concat(x, level1));
  return name<"classifier">(twice)(x);
};

}  // namespace models
}  // namespace v0
}  // namespace tenon
