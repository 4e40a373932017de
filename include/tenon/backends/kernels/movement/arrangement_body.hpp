// SPDX-License-Identifier: Apache-2.0
// The kernels of arrangement.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

struct pad_arguments {
  const attributes& attribute;
  blocked_extents from, to;
  const float* x;
  float* y;
};

/// Rows of the result.
inline void pad_part(const pad_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t left = of.attribute.padding_begin[2];
  const std::int64_t first = std::clamp<std::int64_t>(left, 0, of.to.width);
  const std::int64_t last = std::clamp<std::int64_t>(left + of.from.width, first, of.to.width);
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / (of.to.depth * of.to.height), in_plane = row % (of.to.depth * of.to.height);
    const std::int64_t d = in_plane / of.to.height - of.attribute.padding_begin[0];
    const std::int64_t h = in_plane % of.to.height - of.attribute.padding_begin[1];
    float* const y = of.y + row * of.to.width * block;
    if (d < 0 || d >= of.from.depth || h < 0 || h >= of.from.height || first == last) {
      std::fill_n(y, of.to.width * block, 0.0f);
      continue;
    }
    const float* const x = of.x + ((plane * of.from.depth + d) * of.from.height + h) * of.from.width * block;
    std::fill_n(y, first * block, 0.0f);
    std::memcpy(y + first * block, x + (first - left) * block, static_cast<std::size_t>((last - first) * block) * 4);
    std::fill_n(y + last * block, (of.to.width - last) * block, 0.0f);
  }
}

/// x -> y, zeros around; negative padding crops
inline void pad(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const pad_arguments of{attribute, blocked_extents(operands[0].extents, block),
                         blocked_extents(results[0].extents, block), operands[0].as<const float>(),
                         results[0].as<float>()};
  in_parallel(of.to.planes() * of.to.depth * of.to.height, pad_part, of);
}

/// Where each channel of a result's block comes from: the channel's first pixel, or null for zeros.
using lane_sources = std::array<const float*, block>;

/// Puts lanes [first, last) of every pixel where they belong, from one source; the other lanes become zeros or stay.
TENON_KERNEL_INLINE void gather_run(const lane_sources& from, int first, int last, bool others_stay, float* to,
                                    std::int64_t pixels) {
  // A vector that begins before the run's first lane reads other channels, or another pixel: only at the first and the
  // last pixel could it leave the tensor.
  const float* const source = from[static_cast<std::size_t>(first)];
  for (std::int64_t i = 0; i < pixels; i += std::max<std::int64_t>(1, pixels - 1))
    for (int lane = 0; lane < block; ++lane) {
      if (lane >= first && lane < last)
        to[i * block + lane] = source[i * block + lane - first];
      else if (!others_stay)
        to[i * block + lane] = 0;
    }
  for (int part = 0; part < block; part += width) {
    ivec inside = {};
    for (int lane = 0; lane < width; ++lane) inside[lane] = part + lane >= first && part + lane < last ? -1 : 0;
    for (std::int64_t i = block; i < (pixels - 1) * block; i += block) {
      const vec others = others_stay ? load(to + i + part) : vec{};
      store(to + i + part, inside ? load(source + i + part - first) : others);
    }
  }
}

/// Copies `pixels` pixels of a block of channels.
TENON_KERNEL inline void gather_channels(const lane_sources& from, float* to, std::int64_t pixels) {
  for (int first = 0; first < block;) {
    const float* const source = from[static_cast<std::size_t>(first)];
    if (source == nullptr) return;  // padding, which the run before it has cleared
    int last = first + 1;
    while (last < block && from[static_cast<std::size_t>(last)] == source + (last - first)) ++last;
    if (last - first == block) {
      if (source != to) std::memcpy(to, source, static_cast<std::size_t>(pixels * block) * 4);
      return;
    }
    gather_run(from, first, last, first != 0, to, pixels);
    first = last;
  }
}

struct concat_arguments {
  std::span<const operand> operands;
  std::int32_t first;  ///< the result's first channel, counted over all operands
  blocked_extents to;
  std::int64_t chunks;  ///< of a block plane
  float* y;
};

/// A block plane is copied in chunks of so many pixels, which stay in the first-level cache.
inline constexpr std::int64_t copied_pixels = 512;

/// Chunks of block planes of the result.
TENON_KERNEL inline void concat_part(const concat_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t chunk = begin; chunk < end; ++chunk) {
    const std::int64_t plane = chunk / of.chunks, image = plane / of.to.blocks;
    const std::int64_t first = chunk % of.chunks * copied_pixels;
    lane_sources sources{};
    std::int64_t wanted = of.first + plane % of.to.blocks * block;
    const std::int64_t last = std::min(wanted + block, of.first + of.to.channels);
    std::int64_t passed = 0;
    for (std::size_t lane = 0, part = 0; wanted < last; ++wanted, ++lane) {
      while (wanted - passed >= of.operands[part].extents.channels()) passed += of.operands[part++].extents.channels();
      const std::int64_t channel = wanted - passed, blocks = divide_up(of.operands[part].extents.channels(), block);
      const std::int64_t source = image * blocks + channel / block;
      sources[lane] = of.operands[part].as<const float>() + (source * of.to.pixels + first) * block + channel % block;
    }
    gather_channels(sources, of.y + (plane * of.to.pixels + first) * block,
                    std::min(copied_pixels, of.to.pixels - first));
  }
}

/// Whether the planner has put the result's channels where they are wanted already: in one image, whole blocks.
inline bool lie_in_place(std::int32_t first, std::span<const operand> operands, const operand& result) {
  std::int64_t passed = -first;
  for (const operand& part : operands) {
    const std::int64_t last = passed + part.extents.channels();
    const std::int64_t ahead = passed * result.extents.spatial_elements();
    if (last > 0 && passed < result.extents.channels() && part.as<const float>() != result.as<const float>() + ahead)
      return false;
    passed = last;
  }
  return true;
}

/// The channels of the result are those of all operands side by side, from `first` on; those that lie there already are
/// left alone.
inline void direct_operands(std::int32_t first, std::span<const operand> operands, const operand& result) {
  if (lie_in_place(first, operands, result)) return;
  const blocked_extents to(result.extents, block);
  const concat_arguments of{operands, first, to, divide_up(to.pixels, copied_pixels), result.as<float>()};
  in_parallel(to.planes() * of.chunks, concat_part, of);
}

/// a, b, ... -> channels side by side
inline void concat(std::span<const operand> operands, std::span<const operand> results) {
  direct_operands(0, operands, results[0]);
}

/// dy -> dx, as many channels as dx has, from attribute.index on
inline void concat_gradient(const attributes& attribute, std::span<const operand> operands,
                            std::span<const operand> results) {
  direct_operands(attribute.index, operands.first(1), results[0]);
}

struct bytes_arguments {
  const std::byte* from;
  std::byte* to;
  std::int64_t count;
};

/// What a thread copies or clears at once.
inline constexpr std::int64_t byte_grain = 1 << 16;

inline void copy_part(const bytes_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t first = begin * byte_grain, last = std::min(end * byte_grain, of.count);
  std::memcpy(of.to + first, of.from + first, static_cast<std::size_t>(last - first));
}

inline void clear_part(const bytes_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t first = begin * byte_grain, last = std::min(end * byte_grain, of.count);
  std::memset(of.to + first, 0, static_cast<std::size_t>(last - first));
}

/// -> zeros
inline void fill(std::span<const operand> results) {
  const std::int64_t count = results[0].stored_elements(block) * size_of(results[0].type);
  in_parallel(divide_up(count, byte_grain), clear_part, bytes_arguments{nullptr, results[0].data, count});
}

/// x -> x, of one layout
inline void copy(const operand& from, const operand& to) {
  const std::int64_t count = to.stored_elements(block) * size_of(to.type);
  if (from.data == to.data) return;
  in_parallel(divide_up(count, byte_grain), copy_part, bytes_arguments{from.data, to.data, count});
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
