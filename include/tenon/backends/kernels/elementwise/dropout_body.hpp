// SPDX-License-Identifier: Apache-2.0
// The kernels of dropout.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

typedef std::uint32_t uvec __attribute__((vector_size(width * 4)));

/// What elements of these numbers are multiplied by: the factor where dropout_mask keeps them, else 0.
TENON_KERNEL_INLINE vec factors_of(const dropout_mask& mask, uvec number, float factor) {
  uvec hash = number ^ mask.first_key;
  hash ^= hash >> 16;
  hash *= dropout_mask::first_factor;
  hash ^= mask.second_key;
  hash ^= hash >> 13;
  hash *= dropout_mask::second_factor;
  hash ^= hash >> 16;
  return reinterpret_cast<ivec>(hash >> 8) >= static_cast<std::int32_t>(mask.threshold) ? all(factor) : vec{};
}

struct dropout_arguments {
  const float* x;
  float* y;
  blocked_extents extents;
  dropout_mask mask;
  float factor;
  bool channelwise;
};

TENON_KERNEL inline void dropout_part(const dropout_arguments& of, std::int64_t begin, std::int64_t end) {
  uvec steps;
  for (int i = 0; i < width; ++i) steps[i] = static_cast<std::uint32_t>(i);
  while (begin < end) {
    const pixel_run run = first_run(of.extents, block, begin, end);
    for (int lane = 0; lane < block; lane += width) {
      const float* x = of.x + run.first * block + lane;
      float* y = of.y + run.first * block + lane;
      const std::int64_t channel = run.image * of.extents.channels + run.channel + lane;
      if (of.channelwise) {
        const vec factors = factors_of(of.mask, steps + static_cast<std::uint32_t>(channel), of.factor);
        for (std::int64_t i = 0; i < run.pixels * block; i += block) store(y + i, load(x + i) * factors);
      } else {
        uvec number = steps * static_cast<std::uint32_t>(of.extents.pixels) +
                      static_cast<std::uint32_t>(channel * of.extents.pixels + run.begin);
        for (std::int64_t i = 0; i < run.pixels * block; i += block, number += 1u)
          store(y + i, load(x + i) * factors_of(of.mask, number, of.factor));
      }
    }
    begin += run.pixels;
  }
}

/// Pixels begin to end - 1 of all contiguous planes.
TENON_KERNEL inline void dropout_planes_part(const dropout_arguments& of, std::int64_t begin, std::int64_t end) {
  uvec steps;
  for (int i = 0; i < width; ++i) steps[i] = static_cast<std::uint32_t>(i);
  while (begin < end) {
    const std::int64_t plane = begin / of.extents.pixels, last = std::min(end, (plane + 1) * of.extents.pixels);
    const vec of_plane = factors_of(of.mask, uvec{} + static_cast<std::uint32_t>(plane), of.factor);
    for (std::int64_t i = begin; i < last; i += width) {
      const vec factors =
          of.channelwise ? of_plane : factors_of(of.mask, steps + static_cast<std::uint32_t>(i), of.factor);
      store_some(of.y + i, load_some(of.x + i, last - i) * factors, last - i);
    }
    begin = last;
  }
}

/// x -> y; y may overwrite x. Contiguous values are taken where `TakesContiguous`.
template <bool TakesContiguous>
void dropout(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results,
             const step_arguments& arguments) {
  const dropout_arguments of{operands[0].as<const float>(),
                             results[0].as<float>(),
                             blocked_extents(results[0].extents, block),
                             dropout_mask(attribute, arguments),
                             static_cast<float>(kept_factor(attribute)),
                             attribute.channelwise};
  if constexpr (TakesContiguous) {
    if (results[0].arrangement == layout::contiguous)
      return in_parallel(results[0].extents.elements(), dropout_planes_part, of);
  }
  in_parallel(pixels_of(of.extents), dropout_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
