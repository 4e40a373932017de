// SPDX-License-Identifier: Apache-2.0
// The kernels of epilogue.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Applies a function in place to pixels of a block that has so many channels, or more; padding becomes zeros.
inline void apply_epilogue(activation function, float slope, float* y, std::int64_t pixels, std::int64_t channels) {
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
TENON_KERNEL inline void epilogue_part(const epilogue_arguments& of, std::int64_t begin, std::int64_t end) {
  // Functions other than ReLU run in a second loop over each few pixels, which are still in the cache.
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
    if (!rectifies) apply_epilogue(of.function, of.slope, y, last - begin, of.extents.channels - channel);
    begin = last;
  }
}

/// Pixels begin to end - 1, counted over all images.
inline void clear_padding_part(const epilogue_arguments& of, std::int64_t begin, std::int64_t end) {
  const blocked_extents& extents = of.extents;
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
