// SPDX-License-Identifier: Apache-2.0
// Max, average, adaptive and global pooling.
#pragma once

#include <array>

#include "tenon/layers/convolution.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// Whether PyTorch takes a pooling's padding, so that every window has a pixel of the image.
constexpr bool pads_at_most_half(const attributes& attribute) {
  for (std::size_t d = 0; d < 3; ++d) {
    if (attribute.padding_begin[d] > attribute.kernel[d] / 2) return false;
  }
  return true;
}

/// Appends a pooling by windows that slide.
template <int Rank>
constexpr symbol append_pooling(symbol x, operation op, const attributes& attribute) {
  if (!check_window<Rank>(x, attribute)) return x;
  check_window_fits(x, attribute);
  const std::array<std::int32_t, 1> operands{x.number};
  return x.to->make(op, operands, attribute, window_shape(x.extents(), attribute, x.channels()));
}

/// The greatest value of each window; use it as max_pool2d or max_pool3d. Padding counts as -infinity.
///
/// shapes: (N, C, [D,] H, W) -> (N, C, ...), each extent
/// (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down
/// parameters: none; MACs: none
/// saved for the backward pass: its input
/// options: kernel, stride (default: the kernel), dilation, padding (at most half the kernel)
/// problems: ranks_differ, kernel_exceeds_padded_input, not_positive, extent_too_great
/// example: conv2d<8, kernel<3>>{} >> max_pool2d<kernel<2>>{}
template <int Rank, max_pool_option... Options>
struct max_pool : layer<max_pool<Rank, Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr attributes attribute = window_attributes<Rank, dilated_options, Options...>(false, true);
    static_assert(pads_at_most_half(attribute), "a pooling's padding is at most half its kernel");
    return append_pooling<Rank>(x, operation::max_pool, attribute);
  }
};

template <class... Options>
using max_pool2d = max_pool<2, Options...>;
template <class... Options>
using max_pool3d = max_pool<3, Options...>;

/// The mean of each window; use it as average_pool2d or average_pool3d. Padding counts as zeros, unless
/// `ignore_padding` is given: then the mean is of the pixels inside the image alone.
///
/// shapes: (N, C, [D,] H, W) -> (N, C, ...), each extent (in + 2 padding - kernel) / stride + 1, rounded down
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// options: kernel, stride (default: the kernel), padding (at most half the kernel), ignore_padding
/// problems: ranks_differ, kernel_exceeds_padded_input, not_positive, extent_too_great
/// example: conv2d<8, kernel<3>>{} >> average_pool2d<kernel<3>, stride<2>, padding<1>>{}
template <int Rank, average_pool_option... Options>
struct average_pool : layer<average_pool<Rank, Options...>> {
  static_assert(given_once<Options...>, "an option is given twice");

  constexpr symbol body(symbol x) const {
    constexpr attributes windows = window_attributes<Rank, average_pool_options, Options...>(false, true);
    static_assert(pads_at_most_half(windows), "a pooling's padding is at most half its kernel");
    attributes attribute = windows;
    attribute.counts_padding = collect<average_pool_options, Options...>().counts_padding;
    return append_pooling<Rank>(x, operation::average_pool, attribute);
  }
};

template <class... Options>
using average_pool2d = average_pool<2, Options...>;
template <class... Options>
using average_pool3d = average_pool<3, Options...>;

/// Appends an average pooling to the given spatial extents.
constexpr symbol append_adaptive_pooling(symbol x, const shape& extents) {
  const std::array<std::int32_t, 1> operands{x.number};
  return x.to->make(operation::adaptive_average_pool, operands, {}, extents);
}

/// The mean of each of as many windows as the result has pixels, of like size, overlapping where the extents do not
/// divide; use it as adaptive_average_pool2d<6> or adaptive_average_pool2d<3, 5>, or as adaptive_average_pool3d.
/// Window i is [floor(i in / out), ceil((i + 1) in / out)), as PyTorch's.
///
/// shapes: (N, C, [D,] H, W) -> (N, C, the given extents)
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: ranks_differ, not_positive
/// example: conv2d<8, kernel<3>>{} >> adaptive_average_pool2d<6>{}
template <int Rank, int... Extents>
struct adaptive_average_pool : layer<adaptive_average_pool<Rank, Extents...>> {
  constexpr symbol body(symbol x) const {
    constexpr given_extents given = make_extents<Extents...>();
    static_assert(given.suits(Rank), "one extent for all dimensions, or one a dimension of the layer");
    constexpr extent3 extents = given.resolve(Rank, 1, 1);
    if (x.extents().spatial_rank() != Rank) {
      x.to->report(problem::ranks_differ, Rank, x.extents().spatial_rank());
      return x;
    }
    shape pooled = x.extents();
    for (int d = 3 - Rank; d < 3; ++d) {
      const std::int32_t extent = extents[static_cast<std::size_t>(d)];
      if (extent < 1) {
        x.to->report(problem::not_positive, 1, extent);
        return x;
      }
      pooled.set_spatial(d, extent);
    }
    return append_adaptive_pooling(x, pooled);
  }
};

template <int... Extents>
using adaptive_average_pool2d = adaptive_average_pool<2, Extents...>;
template <int... Extents>
using adaptive_average_pool3d = adaptive_average_pool<3, Extents...>;

/// The mean of each channel of an image, of any rank.
///
/// shapes: (N, C, [D,] H, W) -> (N, C, [1,] 1, 1)
/// parameters: none; MACs: none
/// saved for the backward pass: nothing
/// problems: none
/// example: conv2d<8, kernel<3>>{} >> global_average_pool{}
struct global_average_pool : layer<global_average_pool> {
  constexpr symbol body(symbol x) const {
    shape pooled = x.extents();
    for (int d = 0; d < 3; ++d) pooled.set_spatial(d, 1);
    return append_adaptive_pooling(x, pooled);
  }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
