// SPDX-License-Identifier: Apache-2.0
// The options of layers: small tag templates, given in any order.
#pragma once

#include <cstdint>

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

/// What options of convolutions and poolings may set.
struct window_options {
  given_extents kernel, stride, dilation, padding, output_padding;
  std::int32_t groups = 1;
  bool bias = true;
  initializer initial = initializer::he_normal;

  constexpr bool suits(int rank) const {
    return kernel.suits(rank) && stride.suits(rank) && dilation.suits(rank) && padding.suits(rank) &&
           output_padding.suits(rank);
  }
};

/// The extents of a window: kernel<3>, or kernel<5, 1> for height 5 and width 1. Default 1.
template <int... Extents>
struct kernel {
  static constexpr void set(window_options& options) { options.kernel = make_extents<Extents...>(); }
};
/// The step of a window. Default 1; a pooling's is its kernel.
template <int... Extents>
struct stride {
  static constexpr void set(window_options& options) { options.stride = make_extents<Extents...>(); }
};
/// The distance between a window's taps. Default 1.
template <int... Extents>
struct dilation {
  static constexpr void set(window_options& options) { options.dilation = make_extents<Extents...>(); }
};
/// Zeros on each side. A convolution's default is (kernel - 1) / 2, rounded down, times the dilation; others' is 0.
template <int... Extents>
struct padding {
  static constexpr void set(window_options& options) { options.padding = make_extents<Extents...>(); }
};
/// What a transposed convolution's result is larger by, at its end. Default 0.
template <int... Extents>
struct output_padding {
  static constexpr void set(window_options& options) { options.output_padding = make_extents<Extents...>(); }
};
/// Into how many groups the channels are cut, each convolved by itself. Default 1.
template <int Count>
struct groups {
  static constexpr void set(window_options& options) { options.groups = Count; }
};
/// Without a bias.
struct no_bias {
  static constexpr void set(window_options& options) { options.bias = false; }
};
/// Initial weights: normal, standard deviation sqrt(2 / fan in) (He et al. 2015, also called MSRA). The default.
struct he_normal {
  static constexpr void set(window_options& options) { options.initial = initializer::he_normal; }
};
/// Initial weights: uniform within +-sqrt(6 / fan in).
struct he_uniform {
  static constexpr void set(window_options& options) { options.initial = initializer::he_uniform; }
};
/// Initial weights: normal, standard deviation sqrt(2 / (fan in + fan out)) (Glorot and Bengio 2010).
struct xavier_normal {
  static constexpr void set(window_options& options) { options.initial = initializer::xavier_normal; }
};
/// Initial weights: uniform within +-sqrt(6 / (fan in + fan out)).
struct xavier_uniform {
  static constexpr void set(window_options& options) { options.initial = initializer::xavier_uniform; }
};

/// Initial weights: each channel is enlarged by itself, linearly; of a transposed convolution, as fully convolutional
/// networks begin (Long et al. 2015). With kernel 2 f - f % 2, stride f and padding (f - 1) / 2, rounded up.
struct bilinear {
  static constexpr void set(window_options& options) { options.initial = initializer::bilinear; }
};

/// What a norm's options may set.
struct norm_options {
  double epsilon = 1e-5;
  double momentum = 0.1;
};

/// What is added to a variance before its root is taken. Default 1e-5.
template <real Value>
struct epsilon {
  static constexpr void set(norm_options& options) { options.epsilon = Value.value(); }
};
/// The share of a batch's statistics in the running ones, as PyTorch's `momentum`. Default 0.1.
template <real Value>
struct running_share {
  static constexpr void set(norm_options& options) { options.momentum = Value.value(); }
};

/// An option of a convolution or a pooling.
template <class Option>
concept window_option = requires(window_options& options) {
  Option::set(options);
};
/// An option of a norm.
template <class Option>
concept norm_option = requires(norm_options& options) {
  Option::set(options);
};

template <class Result, class... Options>
constexpr Result collect() {
  Result options;
  (Options::set(options), ...);
  return options;
}

/// Turns the options of a window into a node's attributes; convolutions pad by default, poolings step by their kernel.
template <int Rank, class... Options>
constexpr attributes window_attributes(bool pads_by_default, bool steps_by_kernel) {
  constexpr window_options options = collect<window_options, Options...>();
  static_assert(options.suits(Rank), "an option has one extent for all dimensions, or one a dimension of the layer");
  attributes attribute;
  attribute.kernel = options.kernel.resolve(Rank, 1, 1);
  attribute.stride = options.stride.resolve(Rank, 1, 1);
  if (steps_by_kernel && options.stride.count == 0) attribute.stride = attribute.kernel;
  attribute.dilation = options.dilation.resolve(Rank, 1, 1);
  attribute.padding_begin = options.padding.resolve(Rank, 0, 0);
  if (pads_by_default && options.padding.count == 0) {
    for (std::size_t d = 0; d < 3; ++d) {
      attribute.padding_begin[d] = (attribute.kernel[d] - 1) / 2 * attribute.dilation[d];
    }
  }
  attribute.padding_end = attribute.padding_begin;
  attribute.groups = options.groups;
  attribute.has_bias = options.bias;
  return attribute;
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
