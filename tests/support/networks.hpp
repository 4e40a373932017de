// SPDX-License-Identifier: Apache-2.0
// Descriptions that several tests compile.
#pragma once

#include "tenon/layers/layers.hpp"

namespace tenon_test {

using namespace tenon::layers;

template <int Channels, int Stride = 1>
inline constexpr auto conv_norm_relu = conv2d<Channels, kernel<3>, stride<Stride>, no_bias>{} >> batch_norm{} >> relu{};

/// Two scales joined: norms, a resize, a concat, and a convolution with a bias.
template <int Classes>
inline constexpr auto small_unet = [](auto image) {
  auto fine = name<"encoder.fine">(conv_norm_relu<32>)(image);
  auto coarse = name<"encoder.coarse">(conv_norm_relu<64, 2> >> conv_norm_relu<64>)(fine);
  auto joined = concat(resize_like(coarse, fine), fine);
  return name<"decoder">(conv_norm_relu<32> >> conv2d<Classes>{})(joined);
};

}  // namespace tenon_test
