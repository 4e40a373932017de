// SPDX-License-Identifier: Apache-2.0
// Softmax over the channels of each pixel, and its gradient.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_SOFTMAX_HPP
#    define TENON_BACKENDS_KERNELS_SOFTMAX_HPP

#    include "tenon/backends/kernels/losses.hpp"

#    define TENON_KERNEL_FILE "tenon/backends/kernels/softmax.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

struct softmax_arguments {
  square_view from, dy, to;
  std::int64_t groups;  ///< of `width` pixels, in an image

  /// The channels that are written: padding too, where the layout has it.
  std::int64_t stored_channels() const {
    return to.arrangement == layout::plain ? to.extents.channels : round_up(to.extents.channels, block);
  }
};

TENON_KERNEL inline void softmax_part(const softmax_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t group = begin; group < end; ++group) {
    const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
    const softmax_sums sums = softmax_of(of.from, image, pixel, ivec{} - 1);
    const vec share = 1.0f / sums.sum;
    for (std::int64_t channel = 0; channel < of.stored_channels(); channel += width) {
      vec rows[width];
      load_square(of.from, image, channel, pixel, rows);
      for (std::int64_t i = 0; i < width; ++i)
        rows[i] = channel + i < of.to.extents.channels ? exponential(rows[i] - sums.greatest) * share : vec{};
      store_square(of.to, image, channel, pixel, rows);
    }
  }
}

TENON_KERNEL inline void softmax_gradient_part(const softmax_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t group = begin; group < end; ++group) {
    const std::int64_t image = group / of.groups, pixel = group % of.groups * width;
    vec mean = {};  // of dy, each channel with its share y; what lies outside is zero
    for (std::int64_t channel = 0; channel < of.to.extents.channels; channel += width) {
      vec y[width], dy[width];
      load_square(of.from, image, channel, pixel, y);
      load_square(of.dy, image, channel, pixel, dy);
      for (int i = 0; i < width; ++i) mean += y[i] * dy[i];
    }
    for (std::int64_t channel = 0; channel < of.stored_channels(); channel += width) {
      vec y[width], dy[width];
      load_square(of.from, image, channel, pixel, y);
      load_square(of.dy, image, channel, pixel, dy);
      for (int i = 0; i < width; ++i) y[i] = y[i] * (dy[i] - mean);
      store_square(of.to, image, channel, pixel, y);
    }
  }
}

inline softmax_arguments softmax_arguments_of(const operand& from, const operand& dy, const operand& to) {
  const square_view result(to);
  return {square_view(from), square_view(dy), result, divide_up(result.extents.pixels, width)};
}

/// x -> y; y may overwrite x
inline void softmax(std::span<const operand> operands, std::span<const operand> results) {
  const softmax_arguments of = softmax_arguments_of(operands[0], operands[0], results[0]);
  in_parallel(of.to.extents.batch * of.groups, softmax_part, of);
}

/// y, dy -> dx, y the result of the softmax; dx may overwrite either
inline void softmax_gradient(std::span<const operand> operands, std::span<const operand> results) {
  const softmax_arguments of = softmax_arguments_of(operands[0], operands[1], results[0]);
  in_parallel(of.to.extents.batch * of.groups, softmax_gradient_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
