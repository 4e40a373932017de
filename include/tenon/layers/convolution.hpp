// SPDX-License-Identifier: Apache-2.0
// conv2d, conv3d, conv_transpose2d, conv_transpose3d.
#pragma once

#include <array>

#include "tenon/core/ordering.hpp"
#include "tenon/graph/shape_rules.hpp"
#include "tenon/layers/layer.hpp"
#include "tenon/layers/options.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Reports what is wrong with a window over x; true if nothing is.
template <int Rank>
constexpr bool check_window(symbol x, const attributes& attribute) {
  const shape& from = x.extents();
  if (from.spatial_rank() != Rank) {
    x.to->report(problem::ranks_differ, Rank, from.spatial_rank());
    return false;
  }
  for (int d = 0; d < 3; ++d) {
    const std::int32_t kernel = attribute.kernel.extents[d], stride = attribute.stride.extents[d],
                       dilation = attribute.dilation.extents[d], padding = attribute.padding_begin.extents[d];
    if (kernel >= 1 && stride >= 1 && dilation >= 1 && padding >= 0) continue;
    const bool is_padding = kernel >= 1 && stride >= 1 && dilation >= 1;
    const std::int32_t extent = kernel < 1 ? kernel : stride < 1 ? stride : dilation;
    x.to->report(problem::not_positive, is_padding ? 0 : 1, is_padding ? padding : extent);
    return false;
  }
  return true;
}

/// Reports a window that is larger than the padded input, the first dimension where it is, and what is too large to be
/// counted with.
constexpr void check_window_fits(symbol x, const attributes& attribute) {
  for (int d = 0; d < 3; ++d) {
    const std::int64_t window = window_extent(attribute, d), room = padded_extent(x.extents(), attribute, d);
    if (window <= room && room <= shape::most_extent) continue;
    for (const std::int64_t extent : {window, room}) {
      if (extent > shape::most_extent) x.to->report(problem::extent_too_great, shape::most_extent, extent);
    }
    if (window > room) x.to->report(problem::kernel_exceeds_padded_input, window, room);
  }
}

/// Reports groups that do not divide the channels of both sides; true if a layer can have the numbers, with other
/// inputs at least.
constexpr bool check_groups(symbol x, std::int32_t channels, std::int32_t groups) {
  if (channels < 1) {
    x.to->report(problem::not_positive, 1, channels);
    return false;
  }
  if (groups < 1 || x.channels() % groups != 0) {
    x.to->report(problem::groups_do_not_divide, x.channels(), groups);
  } else if (channels % groups != 0) {
    x.to->report(problem::groups_do_not_divide, channels, groups);
  }
  return groups >= 1;
}

/// Reports an output padding that PyTorch refuses too, and a result of a transposed convolution without extent.
constexpr void check_transposed(symbol x, const attributes& attribute, const extent3& output_padding) {
  for (int d = 0; d < 3; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int32_t beyond = output_padding[i], limit = greater(attribute.stride[i], attribute.dilation[i]);
    const std::int64_t extent = transposed_extent(x.extents(), attribute, d, output_padding);
    if (beyond < 0) x.to->report(problem::not_positive, 0, beyond);
    if (beyond >= limit) x.to->report(problem::output_padding_too_great, limit, beyond);
    if (extent < 1) x.to->report(problem::result_is_empty, 1, extent);
    if (extent > shape::most_extent) x.to->report(problem::extent_too_great, shape::most_extent, extent);
  }
}

/// Appends a convolution; `attribute` has its groups.
template <int Rank>
constexpr symbol append_convolution(symbol x, std::int32_t channels, const attributes& attribute, initializer initial) {
  if (!check_window<Rank>(x, attribute) || !check_groups(x, channels, attribute.groups)) return x;
  check_window_fits(x, attribute);
  builder& to = *x.to;
  const shape weights = weight_shape(Rank, channels, x.channels() / attribute.groups, attribute.kernel);
  const std::int32_t weight = to.parameter("weight", weights, initial);
  const std::int32_t bias = attribute.has_bias ? to.parameter("bias", shape(channels), initializer::zeros) : 0;
  const std::array<std::int32_t, 3> operands{x.number, weight, bias};
  return to.make(operation::convolution, {operands.data(), attribute.has_bias ? 3u : 2u}, attribute,
                 window_shape(x.extents(), attribute, channels));
}

/// A convolution (cross-correlation, as in every framework) of `Rank` spatial dimensions; use it as conv2d or conv3d.
///
/// shapes: (N, I, [D,] H, W) -> (N, Channels, ...), each extent
/// (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down
/// parameters: weight (Channels, I / groups, kernel...), bias (Channels) unless no_bias
/// MACs: elements of the result x I / groups x kernel
/// saved for the backward pass: its input
/// options: kernel, stride, dilation, padding (default: (kernel - 1) / 2, rounded down, x dilation), groups, no_bias,
/// initializers
/// problems: ranks_differ, groups_do_not_divide, kernel_exceeds_padded_input, not_positive, extent_too_great
/// example: conv2d<8, kernel<5, 3>, stride<2>, no_bias>{} >> conv2d<12, kernel<3>, dilation<2>, groups<4>>{}
template <int Rank, int Channels, convolution_option... Options>
struct convolution : layer<convolution<Rank, Channels, Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr convolution_options options = collect<convolution_options, Options...>();
    constexpr attributes attribute = window_attributes<Rank, convolution_options, Options...>(true, false);
    return append_convolution<Rank>(x, Channels, attribute, options.initial);
  }
};

template <int Channels, class... Options>
using conv2d = convolution<2, Channels, Options...>;
template <int Channels, class... Options>
using conv3d = convolution<3, Channels, Options...>;

/// A convolution of each channel by itself, giving Multiplier channels of each; use it as depthwise_conv2d or
/// depthwise_conv3d. It is a convolution with as many groups as its input has channels.
///
/// shapes: (N, C, [D,] H, W) -> (N, C Multiplier, ...), each extent as a convolution's
/// parameters: weight (C Multiplier, 1, kernel...), bias (C Multiplier) unless no_bias
/// MACs: elements of the result x kernel
/// saved for the backward pass: its input
/// options: kernel, stride, dilation, padding, no_bias, initializers, as a convolution's
/// problems: ranks_differ, kernel_exceeds_padded_input, not_positive, extent_too_great
/// example: conv2d<8>{} >> depthwise_conv2d<kernel<3>, no_bias>{} >> conv2d<16>{}
template <int Rank, int Multiplier, depthwise_option... Options>
struct depthwise_convolution : layer<depthwise_convolution<Rank, Multiplier, Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr convolution_options options = collect<convolution_options, Options...>();
    attributes attribute = window_attributes<Rank, convolution_options, Options...>(true, false);
    attribute.groups = x.channels();
    const std::int32_t channels = x.to->narrow_extent(std::int64_t{Multiplier} * x.channels(), x.to->scope());
    return append_convolution<Rank>(x, channels, attribute, options.initial);
  }
};

template <class... Options>
using depthwise_conv2d = depthwise_convolution<2, 1, Options...>;
template <class... Options>
using depthwise_conv3d = depthwise_convolution<3, 1, Options...>;

/// A transposed convolution, the data gradient of a convolution; use it as conv_transpose2d or conv_transpose3d.
///
/// shapes: (N, I, [D,] H, W) -> (N, Channels, ...), each extent
/// (in - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output padding
/// parameters: weight (I, Channels / groups, kernel...), bias (Channels) unless no_bias
/// MACs: elements of the input x Channels / groups x kernel
/// saved for the backward pass: its input
/// options: kernel, stride, dilation, padding (default 0), output_padding, groups, no_bias, initializers
/// problems: ranks_differ, groups_do_not_divide, not_positive, output_padding_too_great, result_is_empty,
/// extent_too_great
/// example: conv_transpose2d<3, kernel<4>, stride<2>, padding<1>, groups<3>, no_bias, bilinear>{}
template <int Rank, int Channels, transposed_option... Options>
struct transposed_convolution : layer<transposed_convolution<Rank, Channels, Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr transposed_options options = collect<transposed_options, Options...>();
    constexpr attributes attribute = window_attributes<Rank, transposed_options, Options...>(false, false);
    if (!check_window<Rank>(x, attribute) || !check_groups(x, Channels, options.groups)) return x;
    builder& to = *x.to;
    const shape weights = weight_shape(Rank, x.channels(), Channels / options.groups, attribute.kernel);
    const std::int32_t weight = to.parameter("weight", weights, options.initial);
    const std::int32_t bias = options.bias ? to.parameter("bias", shape(Channels), initializer::zeros) : 0;
    const std::array<std::int32_t, 3> operands{x.number, weight, bias};
    static_assert(options.output_padding.suits(Rank),
                  "an output padding has one extent for all dimensions, or one a dimension");
    const extent3 beyond = options.output_padding.resolve(Rank, 0, 0);
    check_transposed(x, attribute, beyond);
    const shape extents = transposed_window_shape(x.extents(), attribute, Channels, beyond);
    return to.make(operation::transposed_convolution, {operands.data(), options.bias ? 3u : 2u}, attribute, extents);
  }
};

template <int Channels, class... Options>
using conv_transpose2d = transposed_convolution<2, Channels, Options...>;
template <int Channels, class... Options>
using conv_transpose3d = transposed_convolution<3, Channels, Options...>;

}  // namespace layers
}  // namespace v0
}  // namespace tenon
