// SPDX-License-Identifier: Apache-2.0
// Channels taken apart and put in another order.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_CHANNELS_HPP
#    define TENON_BACKENDS_KERNELS_CHANNELS_HPP

#    include <algorithm>
#    include <span>

#    include "tenon/backends/kernels/arrangement.hpp"

#    define TENON_KERNEL_FILE "tenon/backends/kernels/channels.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// x -> its channels in parts, one after the other
inline void split(std::span<const operand> operands, std::span<const operand> results) {
  std::int32_t first = 0;
  for (const operand& part : results) {
    gather_operands(first, operands, part);
    first += part.extents.channels();
  }
}

struct shuffle_arguments {
  geometry extents;
  std::int64_t groups, chunks;
  const float* x;
  float* y;
};

/// A block plane is copied in chunks of so many pixels: what one pass over them touches stays in the first-level cache.
inline constexpr std::int64_t shuffled_pixels = 128;

/// Chunks of block planes of the result, one channel after the other.
TENON_KERNEL inline void shuffle_part(const shuffle_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t members = of.extents.channels / of.groups;
  for (std::int64_t chunk = begin; chunk < end; ++chunk) {
    const std::int64_t plane = chunk / of.chunks, first = chunk % of.chunks * shuffled_pixels;
    const std::int64_t image = plane / of.extents.blocks, channel = plane % of.extents.blocks * block;
    const std::int64_t pixels = std::min(shuffled_pixels, of.extents.pixels - first);
    float* const to = of.y + (plane * of.extents.pixels + first) * block;
    const float zero = 0;
    const float* from[block];  // of each lane, its channel's first pixel
    std::int64_t step[block];
    for (int lane = 0; lane < block; ++lane) {
      const std::int64_t wanted = channel + lane;
      const bool exists = wanted < of.extents.channels;
      const std::int64_t source = wanted % of.groups * members + wanted / of.groups;
      const std::int64_t source_plane = image * of.extents.blocks + source / block;
      from[lane] = exists ? of.x + (source_plane * of.extents.pixels + first) * block + source % block : &zero;
      step[lane] = exists ? block : 0;
    }
    for (std::int64_t i = 0; i < pixels; ++i)
      for (int lane = 0; lane < block; lane += width) {
        vec gathered;
        for (int k = 0; k < width; ++k) gathered[k] = from[lane + k][i * step[lane + k]];
        store(to + i * block + lane, gathered);
      }
  }
}

/// x -> y; channel g * (C / groups) + i becomes channel i * groups + g
inline void channel_shuffle(const attributes& attribute, std::span<const operand> operands,
                            std::span<const operand> results) {
  const geometry extents(operands[0].extents, block);
  const shuffle_arguments of{extents, attribute.groups, divide_up(extents.pixels, shuffled_pixels),
                             operands[0].as<const float>(), results[0].as<float>()};
  in_parallel(extents.planes() * of.chunks, shuffle_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
