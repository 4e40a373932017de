// SPDX-License-Identifier: Apache-2.0
// VB-Net, for volumes.
#pragma once

#include "tenon/layers/layers.hpp"

namespace tenon {
inline namespace v0 {
namespace models {

/// The blocks a VB-Net can be made of: a convolution; one between two pointwise ones, with fewer channels; a depthwise
/// and a pointwise one.
enum class vb_block { standard, bottleneck, separable };

/// What varies. `level` counts sizes, at least 3; `base` is the channel count at full size, doubled with each further
/// one; `reduction` is how many times fewer channels a bottleneck has inside.
struct vb_net_options {
  int in_channels = 1;  ///< the volume's
  int level = 5;
  int base = 16;
  int reduction = 4;
  real dropout = 0.01;
};

/// A convolution with a kernel of 3 that keeps the size, or of 2 that halves it.
template <int Channels, int Kernel, class... Options>
inline constexpr auto vb_convolution =
    layers::conv3d<Channels, layers::kernel<Kernel>, layers::stride<Kernel == 2 ? 2 : 1>, Options...>{};

/// One block of each kind, ended by norm, ReLU and dropout of channels.
template <vb_block Block, auto Norm, vb_net_options Options, int Inputs, int Channels, int Kernel = 3>
inline constexpr auto vb_unit = [](auto x) {
  using namespace layers;
  if constexpr (Block == vb_block::standard) {
    x = name<"norm">(Norm)(name<"conv">(vb_convolution<Channels, Kernel>)(x));
  } else if constexpr (Block == vb_block::bottleneck) {
    constexpr int inner = Channels / Options.reduction;
    x = name<"conv_1">(conv3d<inner>{})(x);
    x = name<"conv_2">(vb_convolution<inner, Kernel>)(x);
    x = name<"norm">(Norm)(name<"conv_3">(conv3d<Channels>{})(x));
  } else {
    x = name<"dw">(vb_convolution<Inputs, Kernel, groups<Inputs>>)(x);
    x = relu{}(name<"n1">(Norm)(x));
    x = name<"n2">(Norm)(name<"pw">(conv3d<Channels>{})(x));
  }
  return dropout_channels<Options.dropout>{}(relu{}(x));
};

/// A block, usually one that halves the size, and the sum of its result and what Count further blocks make of it.
template <vb_block Block, auto Norm, vb_net_options Options, int Inputs, int Channels, int Count, int Kernel = 2>
inline constexpr auto vb_down = [](auto x) {
  using namespace layers;
  x = name<"down">(vb_unit<Block, Norm, Options, Inputs, Channels, Kernel>)(x);
  auto y = x;
  for (int i = 0; i < Count; ++i) y = name<"convs">(vb_unit<Block, Norm, Options, Channels, Channels>, i)(y);
  return add(y, x);
};

/// Halves the channels, usually doubling the size, and adds what Count blocks make of it and the skip.
template <vb_block Block, auto Norm, vb_net_options Options, int Channels, int Count, bool Doubles = true>
inline constexpr auto vb_up = [](auto x, auto skip) {
  using namespace layers;
  if constexpr (Doubles) {
    x = name<"deconv">(conv_transpose3d<Channels, kernel<2>, stride<2>>{})(x);
  } else {
    x = name<"deconv">(vb_unit<Block, Norm, Options, 2 * Channels, Channels>)(x);
  }
  x = resize_like(x, skip);
  auto y = name<"convs">(vb_unit<Block, Norm, Options, 2 * Channels, Channels>, 0)(concat(skip, x));
  for (int i = 1; i < Count; ++i) y = name<"convs">(vb_unit<Block, Norm, Options, Channels, Channels>, i)(y);
  return add(y, x);
};

/// The part of a VB-Net from one size down to the smallest and up again.
template <vb_block Block, auto Norm, vb_net_options Options, int Level, int Channels>
inline constexpr auto vb_from = [](auto skip) {
  using namespace layers;
  constexpr int count = Level == 0 ? 2 : 3, up_count = Level == 0 ? 1 : Level == 1 ? 2 : 3;
  constexpr int up = Options.level - 2 - Level;  // the first way up is that from the smallest size
  auto x = name<"downs">(vb_down<Block, Norm, Options, Channels, 2 * Channels, count>, Level + 1)(skip);
  if constexpr (up > 0) x = vb_from<Block, Norm, Options, Level + 1, 2 * Channels>(x);
  return name<"ups">(vb_up<Block, Norm, Options, Channels, up_count, (Level > 0)>, up)(x, skip);
};

/// VB-Net: V-shaped, with residual blocks of one kind.
///
/// (N, in_channels, D, H, W) -> (N, Classes, D, H, W); trilinear resizing where a size was odd. Norm is a layer.
/// One class: 10,052,609 parameters of standard, 1,145,061 of bottleneck and 815,215 of separable blocks.
template <int Classes, vb_block Block = vb_block::standard, auto Norm = layers::batch_norm<>{},
          vb_net_options Options = vb_net_options{}>
inline constexpr auto vb_net = [](auto volume) {
  using namespace layers;
  static_assert(Options.level >= 3, "a VB-Net has at least 3 sizes");
  auto x = name<"downs">(vb_down<Block, Norm, Options, Options.in_channels, Options.base, 1, 3>, 0)(volume);
  x = vb_from<Block, Norm, Options, 0, Options.base>(x);
  return name<"classifier">(conv3d<Classes>{})(x);
};

/// One block by itself, as its parameters are counted: norm and ReLU behind each convolution, no dropout.
///
/// (N, Inputs, D, H, W) -> (N, Channels, D, H, W). 13,920 parameters of a standard, 7,872 of a bottleneck and 1,088 of
/// a separable block.
template <vb_block Block, int Inputs = 16, int Channels = 32, int Kernel = 3, int Reduction = 2,
          auto Norm = layers::batch_norm<>{}>
inline constexpr auto vb_micro = [] {
  using namespace layers;
  constexpr auto behind = Norm >> relu{};
  if constexpr (Block == vb_block::standard) {
    return chain(vb_convolution<Channels, Kernel>, behind);
  } else if constexpr (Block == vb_block::bottleneck) {
    constexpr int inner = Channels / Reduction;
    return chain(conv3d<inner>{}, behind, vb_convolution<inner, Kernel>, behind, conv3d<Channels>{}, behind);
  } else {
    return chain(vb_convolution<Inputs, Kernel, groups<Inputs>>, behind, conv3d<Channels>{}, behind);
  }
}();

}  // namespace models
}  // namespace v0
}  // namespace tenon
