// SPDX-License-Identifier: Apache-2.0
// DeepLab v3+ with the aligned Xception-65.
#pragma once

#include <array>

#include "tenon/core/ordering.hpp"
#include "tenon/layers/layers.hpp"

namespace tenon {
inline namespace v0 {
namespace models {

/// What the paper varies. `width` multiplies the backbone's channels, which are rounded down and at least 8. `rates`
/// are the pyramid's at output stride 16; at output stride 8 they are doubled.
struct deeplab_v3_plus_options {
  real width = 1.0;
  int middle_blocks = 16;
  int output_stride = 16;
  std::array<int, 3> rates{6, 12, 18};
  int pyramid_channels = 256;
  int low_level_channels = 48;
  int decoder_channels = 256;
  real dropout = 0.1;

  constexpr int scaled(int channels) const { return greater(8, static_cast<int>(channels * width.value())); }
};

/// A convolution without bias, and a norm; and ReLU.
template <auto Norm, int Channels, class... Options>
inline constexpr auto deeplab_linear = layers::conv2d<Channels, layers::no_bias, Options...>{} >> Norm;
template <auto Norm, int Channels, class... Options>
inline constexpr auto deeplab_convolution = layers::chain(deeplab_linear<Norm, Channels, Options...>, layers::relu{});

/// Depthwise and pointwise convolution: ReLU behind each of them, or only before them.
template <auto Norm, int Inputs, int Channels, int Dilation = 1, int Stride = 1, bool ReluBefore = false>
inline constexpr auto deeplab_separable = [](auto x) {
  using namespace layers;
  if constexpr (ReluBefore) {
    x = relu{}(x);
    x = name<"dw">(deeplab_linear<Norm, Inputs, kernel<3>, stride<Stride>, dilation<Dilation>, groups<Inputs>>)(x);
    return name<"pw">(deeplab_linear<Norm, Channels>)(x);
  } else {
    x = name<"dw">(deeplab_convolution<Norm, Inputs, kernel<3>, stride<Stride>, dilation<Dilation>, groups<Inputs>>)(x);
    return name<"pw">(deeplab_convolution<Norm, Channels>)(x);
  }
};

/// What is added to the result of a block of Xception: its input, a convolution of it, or nothing.
enum class xception_skip { input, convolution, none };

/// A block of the aligned Xception: three separable convolutions from Inputs to First, Second and Third channels. Gives
/// its result, and what the second of them gave.
template <auto Norm, xception_skip Skip, int Stride, int Dilation, int Inputs, int First, int Second, int Third>
inline constexpr auto xception_block = [](auto x) {
  using namespace layers;
  constexpr bool before = Skip != xception_skip::none;
  auto skip = x;
  // It comes first: what it gives is often small, and x is needed no longer than until the separable convolutions.
  if constexpr (Skip == xception_skip::convolution) skip = name<"skip">(deeplab_linear<Norm, Third, stride<Stride>>)(x);
  x = name<"seps">(deeplab_separable<Norm, Inputs, First, Dilation, 1, before>, 0)(x);
  auto second = name<"seps">(deeplab_separable<Norm, First, Second, Dilation, 1, before>, 1)(x);
  x = name<"seps">(deeplab_separable<Norm, Second, Third, Dilation, Stride, before>, 2)(second);
  if constexpr (Skip != xception_skip::none) x = add(x, skip);
  return std::array{x, second};
};

/// Atrous spatial pyramid pooling: a pointwise convolution, three separable ones with rates, and the image's mean.
template <auto Norm, deeplab_v3_plus_options Options, int Inputs>
inline constexpr auto deeplab_pyramid = [](auto x) {
  using namespace layers;
  constexpr int channels = Options.pyramid_channels, times = 16 / Options.output_stride;
  constexpr std::array<int, 3> rates = Options.rates;
  constexpr auto pointwise = deeplab_convolution<Norm, channels>;
  auto pooled = name<"pool">(pointwise)(adaptive_average_pool2d<1>{}(x));
  auto point = name<"b0">(pointwise)(x);
  auto near = name<"br">(deeplab_separable<Norm, Inputs, channels, times * rates[0]>, 0)(x);
  auto far = name<"br">(deeplab_separable<Norm, Inputs, channels, times * rates[1]>, 1)(x);
  auto farthest = name<"br">(deeplab_separable<Norm, Inputs, channels, times * rates[2]>, 2)(x);
  auto joined = concat(point, near, far, farthest, resize_like(pooled, x));
  return dropout<Options.dropout>{}(name<"proj">(pointwise)(joined));
};

/// DeepLab v3+ (Chen, Zhu, Papandreou, Schroff, Adam 2018): aligned Xception-65, separable pyramid, decoder.
///
/// (N, 3, H, W) -> (N, Classes, H, W). Norm is a layer: batch_norm<>{}, or group_norm<nearest<32>>{}.
/// 41,054,899 parameters with 19 classes.
template <int Classes, auto Norm = layers::batch_norm<>{}, deeplab_v3_plus_options Options = deeplab_v3_plus_options{}>
inline constexpr auto deeplab_v3_plus = [](auto image) {
  using namespace layers;
  using enum xception_skip;
  constexpr deeplab_v3_plus_options o = Options;
  static_assert(o.output_stride == 16 || o.output_stride == 8, "DeepLab v3+ has an output stride of 16 or 8");
  // Where a stride is left out, what follows is dilated.
  constexpr int deep = 16 / o.output_stride, a = o.scaled(32), b = o.scaled(64), c = o.scaled(128), d = o.scaled(256),
                e = o.scaled(728), f = o.scaled(1024), g = o.scaled(1536), h = o.scaled(2048);
  auto x = name<"backbone.stem1">(deeplab_convolution<Norm, a, kernel<3>, stride<2>>)(image);
  x = name<"backbone.stem2">(deeplab_convolution<Norm, b, kernel<3>>)(x);
  x = name<"backbone.e1">(xception_block<Norm, convolution, 2, 1, b, c, c, c>)(x)[0];
  auto [entry, tap] = name<"backbone.e2">(xception_block<Norm, convolution, 2, 1, c, d, d, d>)(x);
  auto low = name<"low">(deeplab_convolution<Norm, o.low_level_channels>)(tap);
  x = name<"backbone.e3">(xception_block<Norm, convolution, 2 / deep, 1, d, e, e, e>)(entry)[0];
  for (int i = 0; i < o.middle_blocks; ++i) {
    x = name<"backbone.mid">(xception_block<Norm, input, 1, deep, e, e, e, e>, i)(x)[0];
  }
  x = name<"backbone.x1">(xception_block<Norm, convolution, 1, deep, e, e, f, f>)(x)[0];
  x = name<"backbone.x2">(xception_block<Norm, none, 1, 2 * deep, f, g, g, h>)(x)[0];
  x = name<"aspp">(deeplab_pyramid<Norm, o, h>)(x);
  x = concat(resize_like(x, low), low);
  constexpr int decoder = o.decoder_channels;
  x = name<"dec">(deeplab_separable<Norm, o.pyramid_channels + o.low_level_channels, decoder>, 0)(x);
  x = name<"dec">(deeplab_separable<Norm, decoder, decoder>, 1)(x);
  return resize_like(name<"cls">(conv2d<Classes>{})(x), image);
};

}  // namespace models
}  // namespace v0
}  // namespace tenon
