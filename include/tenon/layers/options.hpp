// SPDX-License-Identifier: Apache-2.0
// The options of layers: small tag templates, given in any order.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tenon/core/option_list.hpp"
#include "tenon/core/real.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Extents as a layer was given them: none, one for all dimensions, or one a dimension, outermost first.
struct given_extents {
  std::int32_t count = 0;
  extent3 values{};

  /// Whether a layer of `rank` spatial dimensions can have them.
  constexpr bool suits(int rank) const { return count <= 1 || count == rank; }

  /// Depth, height and width of a layer of `rank` spatial dimensions; `missing` where nothing was given.
  /// requires: suits(rank)
  constexpr extent3 resolve(int rank, std::int32_t missing, std::int32_t unused) const {
    extent3 result{unused, unused, unused};
    for (int d = 3 - rank; d < 3; ++d) {
      const auto i = static_cast<std::size_t>(d);
      result[i] = count == 0 ? missing : count == 1 ? values[0] : values[static_cast<std::size_t>(d - (3 - rank))];
    }
    return result;
  }
};

template <int... Extents>
constexpr given_extents make_extents() {
  static_assert(sizeof...(Extents) >= 1 && sizeof...(Extents) <= 3,
                "one extent for all dimensions, or one a dimension");
  given_extents result;
  for (const int extent : {Extents...}) {
    result.values[static_cast<std::size_t>(result.count)] = extent;
    ++result.count;
  }
  return result;
}

// What the options of a kind of layer may set; core/option_list.hpp says how an option does it.

/// Options of every window that slides.
struct window_options {
  given_extents kernel, stride, padding;
};
/// Options of a window whose taps may lie apart: max pooling's, and a convolution's.
struct dilated_options : window_options {
  given_extents dilation;
};
struct average_pool_options : window_options {
  bool counts_padding = true;
};
/// Options of a layer with a weight and a bias: a linear layer's, and a convolution's.
struct weight_options {
  bool bias = true;
  initializer initial = initializer::he_normal;
};
struct depthwise_options : dilated_options, weight_options {};
struct convolution_options : depthwise_options {
  std::int32_t groups = 1;
};
struct transposed_options : convolution_options {
  given_extents output_padding;
};

/// The extents of a window: kernel<3>, or kernel<5, 1> for height 5 and width 1. Default 1.
template <int... Extents>
struct kernel {
  static constexpr auto sets = &window_options::kernel;
  static constexpr void set(window_options& options) { options.kernel = make_extents<Extents...>(); }
};
/// The step of a window. Default 1; a pooling's is its kernel.
template <int... Extents>
struct stride {
  static constexpr auto sets = &window_options::stride;
  static constexpr void set(window_options& options) { options.stride = make_extents<Extents...>(); }
};
/// The distance between a window's taps. Default 1.
template <int... Extents>
struct dilation {
  static constexpr auto sets = &dilated_options::dilation;
  static constexpr void set(dilated_options& options) { options.dilation = make_extents<Extents...>(); }
};
/// Zeros on each side. A convolution's default is (kernel - 1) / 2, rounded down, times the dilation; others' is 0.
template <int... Extents>
struct padding {
  static constexpr auto sets = &window_options::padding;
  static constexpr void set(window_options& options) { options.padding = make_extents<Extents...>(); }
};
/// An average pooling divides by the pixels of a window that lie inside the image, not by all of them. PyTorch's
/// count_include_pad=False.
struct ignore_padding {
  static constexpr auto sets = &average_pool_options::counts_padding;
  static constexpr void set(average_pool_options& options) { options.counts_padding = false; }
};
/// What a transposed convolution's result is larger by, at its end. Default 0.
template <int... Extents>
struct output_padding {
  static constexpr auto sets = &transposed_options::output_padding;
  static constexpr void set(transposed_options& options) { options.output_padding = make_extents<Extents...>(); }
};
/// Into how many groups the channels are cut, each convolved by itself. Default 1.
template <int Count>
struct groups {
  static constexpr auto sets = &convolution_options::groups;
  static constexpr void set(convolution_options& options) { options.groups = Count; }
};
/// Without a bias.
struct no_bias {
  static constexpr auto sets = &weight_options::bias;
  static constexpr void set(weight_options& options) { options.bias = false; }
};

/// An option that says how weights begin.
template <initializer Rule>
struct initial_weights {
  static constexpr auto sets = &weight_options::initial;
  static constexpr void set(weight_options& options) { options.initial = Rule; }
};
/// Initial weights: normal, standard deviation sqrt(2 / fan in) (He et al. 2015, also called MSRA). The default.
struct he_normal : initial_weights<initializer::he_normal> {};
/// Initial weights: uniform within +-sqrt(6 / fan in).
struct he_uniform : initial_weights<initializer::he_uniform> {};
/// Initial weights: normal, standard deviation sqrt(2 / (fan in + fan out)) (Glorot and Bengio 2010).
struct xavier_normal : initial_weights<initializer::xavier_normal> {};
/// Initial weights: uniform within +-sqrt(6 / (fan in + fan out)).
struct xavier_uniform : initial_weights<initializer::xavier_uniform> {};
/// Initial weights: each channel is enlarged by itself, linearly; of a transposed convolution, as fully convolutional
/// networks begin (Long et al. 2015). With kernel 2 f - f % 2, stride f and padding (f - 1) / 2, rounded up.
struct bilinear : initial_weights<initializer::bilinear> {};

/// Options of every norm.
struct norm_options {
  double epsilon = 1e-5;
};
struct batch_norm_options : norm_options {
  double momentum = 0.1;
  bool follows = true;
};
struct group_norm_options : norm_options {
  bool affine = true;
};
struct instance_norm_options : group_norm_options {
  constexpr instance_norm_options() { affine = false; }
};

/// What is added to a variance before its root is taken. Default 1e-5.
template <real Value>
struct epsilon {
  static_assert(Value.value() >= 0, "a norm's epsilon is not negative");
  static constexpr auto sets = &norm_options::epsilon;
  static constexpr void set(norm_options& options) { options.epsilon = Value.value(); }
};
/// The share of a batch's statistics in the running ones, as PyTorch's `momentum`. Default 0.1.
template <real Value>
struct running_share {
  static_assert(Value.value() >= 0 && Value.value() <= 1, "a share is at least 0 and at most 1");
  static constexpr auto sets = &batch_norm_options::momentum;
  static constexpr void set(batch_norm_options& options) { options.momentum = Value.value(); }
};
/// A batch norm normalises by its running statistics in training too, and they stay as they are: PyTorch's norm in
/// eval(). Its scale and shift are trained, unless they are frozen: frozen<"encoder", running_statistics>(net) does
/// both to all norms of a part, as torchvision's FrozenBatchNorm2d.
struct running_statistics {
  static constexpr auto sets = &batch_norm_options::follows;
  static constexpr void set(batch_norm_options& options) { options.follows = false; }
};
/// With a scale and a shift for each channel. A group norm's default.
struct affine {
  static constexpr auto sets = &group_norm_options::affine;
  static constexpr void set(group_norm_options& options) { options.affine = true; }
};
/// Without scale and shift. An instance norm's default.
struct no_affine {
  static constexpr auto sets = &group_norm_options::affine;
  static constexpr void set(group_norm_options& options) { options.affine = false; }
};

/// An option of a convolution.
template <class Option>
concept convolution_option = option_of<Option, convolution_options>;
/// An option of a depthwise convolution, which has as many groups as its input has channels.
template <class Option>
concept depthwise_option = option_of<Option, depthwise_options>;
/// An option of a transposed convolution.
template <class Option>
concept transposed_option = option_of<Option, transposed_options>;
/// An option of a linear layer.
template <class Option>
concept weight_option = option_of<Option, weight_options>;
/// An option of a max pooling.
template <class Option>
concept max_pool_option = option_of<Option, dilated_options>;
/// An option of an average pooling.
template <class Option>
concept average_pool_option = option_of<Option, average_pool_options>;
/// An option of a batch norm.
template <class Option>
concept batch_norm_option = option_of<Option, batch_norm_options>;
/// An option of a group norm or an instance norm.
template <class Option>
concept group_norm_option = option_of<Option, group_norm_options>;

/// Turns the options of a window into a node's attributes; convolutions pad by default, poolings step by their kernel.
template <int Rank, class Collected, class... Options>
constexpr attributes window_attributes(bool pads_by_default, bool steps_by_kernel) {
  constexpr Collected options = collect<Collected, Options...>();
  constexpr bool suit = options.kernel.suits(Rank) && options.stride.suits(Rank) && options.padding.suits(Rank);
  static_assert(suit, "an option has one extent for all dimensions, or one a dimension of the layer");
  attributes attribute;
  attribute.kernel = options.kernel.resolve(Rank, 1, 1);
  attribute.stride = options.stride.resolve(Rank, 1, 1);
  if (steps_by_kernel && options.stride.count == 0) attribute.stride = attribute.kernel;
  if constexpr (std::is_base_of_v<dilated_options, Collected>) {
    static_assert(options.dilation.suits(Rank), "a dilation has one extent for all dimensions, or one a dimension");
    attribute.dilation = options.dilation.resolve(Rank, 1, 1);
  }
  attribute.padding_begin = options.padding.resolve(Rank, 0, 0);
  if (pads_by_default && options.padding.count == 0) {
    for (std::size_t d = 0; d < 3; ++d) {
      attribute.padding_begin[d] = shape::clamp((std::int64_t{attribute.kernel[d]} - 1) / 2 * attribute.dilation[d]);
    }
  }
  attribute.padding_end = attribute.padding_begin;
  if constexpr (std::is_base_of_v<convolution_options, Collected>) {
    attribute.groups = options.groups;
    attribute.has_bias = options.bias;
  }
  return attribute;
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
