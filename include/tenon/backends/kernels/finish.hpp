// SPDX-License-Identifier: Apache-2.0
// What follows a convolution, in place: bias and activation, where its own come slowly or leave padding that is not 0.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_FINISH_HPP
#    define TENON_BACKENDS_KERNELS_FINISH_HPP

#    include <algorithm>
#    include <cstdint>

#    include "tenon/backends/kernels/activations.hpp"
#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"
#    include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct finish_arguments {
  const float* bias;  ///< nullptr: none; padded with zeros to whole blocks
  activation function;
  float slope;
  float* y;
  geometry extents;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#    define TENON_KERNEL_FILE "tenon/backends/kernels/finish.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Adds a bias (nullptr: none; padded with zeros to whole blocks) to a blocked activation and applies the function, in
/// place; padding channels become zeros.
inline void finish(isa set, const operand& y, const float* bias, activation function, double slope) {
  const finish_arguments of{bias, function, static_cast<float>(slope), y.as<float>(),
                            geometry(y.extents, block_of(set))};
  const auto part = chosen(set, plain::finish_pixels_part, avx2::finish_pixels_part, avx512::finish_pixels_part);
  in_parallel(of.extents.planes() * of.extents.pixels, part, of);
}

/// Makes padding channels of a blocked activation zeros.
inline void clear_padding(isa set, const operand& y) {
  const geometry extents(y.extents, block_of(set));
  if (extents.channels % block_of(set) == 0) return;
  const finish_arguments of{nullptr, activation::none, 0, y.as<float>(), extents};
  const auto part = chosen(set, plain::clear_padding_part, avx2::clear_padding_part, avx512::clear_padding_part);
  in_parallel(extents.batch * extents.pixels, part, of);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Applies a function in place to pixels of a block that has so many channels, or more; padding becomes zeros.
inline void finish_pixels(activation function, float slope, float* y, std::int64_t pixels, std::int64_t channels) {
  if (function == activation::none) return;
  activate(function, slope, y, y, pixels * block);
  if (!keeps_zero(function) && channels < block) clear_padding(y, pixels, channels);
}

template <bool Rectifies>
TENON_KERNEL inline void add_bias_to(float* y, vec bias, std::int64_t pixels) {
  for (std::int64_t i = 0; i < pixels * block; i += block) {
    const vec sum = load(y + i) + bias;
    store(y + i, Rectifies ? rectified(sum) : sum);
  }
}

/// Pixels begin to end - 1, counted over all block planes.
TENON_KERNEL inline void finish_pixels_part(const finish_arguments& of, std::int64_t begin, std::int64_t end) {
  // Functions other than ReLU take their turn over what is in the cache.
  constexpr std::int64_t at_once = 256;
  const bool rectifies = of.function == activation::relu;
  while (begin < end) {
    const std::int64_t plane = begin / of.extents.pixels, plane_end = (plane + 1) * of.extents.pixels;
    const std::int64_t last = std::min({end, plane_end, begin + at_once});
    const std::int64_t channel = plane % of.extents.blocks * block;
    float* const y = of.y + begin * block;
    for (int lane = 0; lane < block; lane += width) {
      const vec bias = of.bias == nullptr ? vec{} : load(of.bias + channel + lane);
      rectifies ? add_bias_to<true>(y + lane, bias, last - begin) : add_bias_to<false>(y + lane, bias, last - begin);
    }
    if (!rectifies) finish_pixels(of.function, of.slope, y, last - begin, of.extents.channels - channel);
    begin = last;
  }
}

/// Pixels begin to end - 1, counted over all images.
inline void clear_padding_part(const finish_arguments& of, std::int64_t begin, std::int64_t end) {
  const geometry& extents = of.extents;
  while (begin < end) {
    const std::int64_t image = begin / extents.pixels, last = std::min(end, (image + 1) * extents.pixels);
    const std::int64_t first = (image * (extents.blocks - 1) + extents.blocks - 1) * extents.pixels + begin;
    clear_padding(of.y + first * block, last - begin, extents.channels % block);
    begin = last;
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
