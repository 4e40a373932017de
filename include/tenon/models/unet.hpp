// SPDX-License-Identifier: Apache-2.0
// U-Net.
#pragma once

#include "tenon/layers/layers.hpp"

namespace tenon {
inline namespace v0 {
namespace models {

/// Convolution 3 x 3, batch norm, ReLU.
template <int Channels>
inline constexpr auto unet_convolution =
    layers::conv2d<Channels, layers::kernel<3>, layers::no_bias>{} >> layers::batch_norm{} >> layers::relu{};

/// Two of them, each a scope of its own.
template <int Channels>
inline constexpr auto unet_block = [](auto x) {
  x = unet_convolution<Channels>(x);
  return unet_convolution<Channels>(x);
};

/// Doubles the size, and joins what the way down had at that size.
template <int Channels>
inline constexpr auto unet_up = [](auto x, auto skip) {
  auto up = layers::name<"up">(layers::conv_transpose2d<Channels, layers::kernel<2>, layers::stride<2>>{})(x);
  return layers::name<"conv">(unet_block<Channels>)(layers::concat(skip, layers::pad_like(up, skip)));
};

/// U-Net (Ronneberger, Fischer, Brox 2015) as it is usually built: padded convolutions with batch norm, transposed
/// convolutions on the way up, zero padding where a size was odd.
///
/// (N, C, H, W) -> (N, Classes, H, W); H and W at least 16. Width is the channel count at full size: 64 in the paper.
/// 31,038,283 parameters with 11 classes.
template <int Classes, int Width = 64>
inline constexpr auto unet = [](auto image) {
  using namespace layers;
  constexpr auto halve = max_pool2d<kernel<2>>{};
  auto level0 = name<"inc">(unet_block<Width>)(image);
  auto level1 = name<"downs">(unet_block<2 * Width>, 0)(halve(level0));
  auto level2 = name<"downs">(unet_block<4 * Width>, 1)(halve(level1));
  auto level3 = name<"downs">(unet_block<8 * Width>, 2)(halve(level2));
  auto level4 = name<"downs">(unet_block<16 * Width>, 3)(halve(level3));
  auto x = name<"ups">(unet_up<8 * Width>, 0)(level4, level3);
  x = name<"ups">(unet_up<4 * Width>, 1)(x, level2);
  x = name<"ups">(unet_up<2 * Width>, 2)(x, level1);
  x = name<"ups">(unet_up<Width>, 3)(x, level0);
  return name<"outc">(conv2d<Classes>{})(x);
};

}  // namespace models
}  // namespace v0
}  // namespace tenon
