// SPDX-License-Identifier: Apache-2.0
// max_pool2d, max_pool3d.
#pragma once

#include <array>

#include "tenon/layers/convolution.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// The greatest value of each window; use it as max_pool2d or max_pool3d. Padding is never chosen.
///
/// shapes: (N, C, [D,] H, W) -> (N, C, ...), each extent
/// (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down
/// saved for the backward pass: its input
/// options: kernel, stride (default: the kernel), dilation, padding (at most half the kernel)
/// problems: ranks_differ, kernel_exceeds_padded_input, not_positive
template <int Rank, window_option... Options>
struct max_pool : layer<max_pool<Rank, Options...>> {
  constexpr symbol body(symbol x) const {
    constexpr attributes attribute = window_attributes<Rank, Options...>(false, true);
    static_assert(attribute.padding_begin[0] * 2 <= attribute.kernel[0] &&
                      attribute.padding_begin[1] * 2 <= attribute.kernel[1] &&
                      attribute.padding_begin[2] * 2 <= attribute.kernel[2],
                  "a pooling's padding is at most half its kernel");
    if (!check_window<Rank>(x, attribute)) return x;
    check_window_fits(x, attribute);
    const std::array<std::int32_t, 1> operands{x.number};
    return x.to->make(operation::max_pool, operands, attribute, window_shape(x.extents(), attribute, x.channels()));
  }
};

template <class... Options>
using max_pool2d = max_pool<2, Options...>;
template <class... Options>
using max_pool3d = max_pool<3, Options...>;

}  // namespace layers
}  // namespace v0
}  // namespace tenon
