// SPDX-License-Identifier: Apache-2.0
// The kernels of channels.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// x -> its channels in parts, one after the other
inline void split(std::span<const operand> operands, std::span<const operand> results) {
  std::int32_t first = 0;
  for (const operand& part : results) {
    direct_operands(first, operands, part);
    first += part.extents.channels();
  }
}

struct shuffle_arguments {
  blocked_extents extents;
  std::int64_t groups;
  std::int64_t rounds, chunks;  ///< of blocks of an image, of pixels of a block plane
  const float* x;
  float* y;
};

/// So many blocks are shuffled in rounds of so many pixels: what they read stays in the first-level cache.
inline constexpr std::int64_t shuffled_blocks = 16, shuffled_pixels = 1024 / block;

/// Where a block of the result comes from; distances are from the image's first element.
struct shuffled_block {
  std::array<std::int64_t, block + 1> sources;       ///< its source blocks, and the last again, for they go in pairs
  int source_count = 0;                              ///< each counted once
  alignas(64) std::array<std::int32_t, block> pair;  ///< which pair of sources each lane is in; -1 for zeros
  alignas(64) std::array<std::int32_t, block> lane;  ///< and which of the pair's 2 * block lanes it is

  shuffled_block() = default;
  /// The block that begins with the given channel.
  shuffled_block(const shuffle_arguments& of, std::int64_t channel) {
    const std::int64_t members = of.extents.channels / of.groups;
    std::int64_t group = channel % of.groups, member = channel / of.groups;
    for (std::size_t i = 0; i < block; ++i) {
      pair[i] = -1;
      lane[i] = 0;
      if (member == members) continue;  // padding
      const auto wanted = static_cast<std::uint64_t>(group * members + member);
      const int source = number_of(static_cast<std::int64_t>(wanted / block) * of.extents.pixels * block);
      pair[i] = source / 2;
      lane[i] = source % 2 * block + static_cast<std::int32_t>(wanted % block);
      if (++group == of.groups) {
        group = 0;
        ++member;
      }
    }
    sources[static_cast<std::size_t>(source_count)] = sources[static_cast<std::size_t>(source_count - 1)];
  }

  /// The distance of a lane's first float; of padding, some other.
  std::int64_t lane_source(std::size_t i) const {
    const std::size_t source = pair[i] < 0 ? 0 : static_cast<std::size_t>(pair[i] * 2 + lane[i] / block);
    return sources[source] + lane[i] % block;
  }

 private:
  int number_of(std::int64_t source) {
    for (int i = 0; i < source_count; ++i)
      if (sources[static_cast<std::size_t>(i)] == source) return i;
    sources[static_cast<std::size_t>(source_count)] = source;
    return source_count++;
  }
};

/// Some pixels of a block: of every pair of sources, the lanes that come from it. x and y are the first pixel of the
/// image and of the block.
template <std::size_t... Pixel>
TENON_KERNEL_INLINE void permute_pixels(const shuffled_block& of, const float* x, float* y,
                                        std::index_sequence<Pixel...>) {
  ivec pairs, lanes;
  std::memcpy(&pairs, of.pair.data(), sizeof pairs);
  std::memcpy(&lanes, of.lane.data(), sizeof lanes);
  vec found[] = {(static_cast<void>(Pixel), vec{})...};
  for (int pair = 0; 2 * pair < of.source_count; ++pair) {
    const float* const a = x + of.sources[static_cast<std::size_t>(2 * pair)];
    const float* const b = x + of.sources[static_cast<std::size_t>(2 * pair + 1)];
    const ivec here = pairs == pair;
    ((found[Pixel] = here ? permuted(load(a + Pixel * block), load(b + Pixel * block), lanes) : found[Pixel]), ...);
  }
  (store(y + Pixel * block, found[Pixel]), ...);
}

/// Puts a float into a lane.
template <std::size_t Lane, std::size_t... Each>
TENON_KERNEL_INLINE void put(vec& lanes, const float* from, std::index_sequence<Each...>) {
  lanes = __builtin_shufflevector(lanes, broadcast(from), (Each == Lane ? width + Each : Each)...);
}

/// A vector of each pixel's lanes, from `first` on: lane by lane. A function of its own, for it needs all registers.
template <std::size_t... Lane>
TENON_KERNEL void collect_lanes(const shuffled_block& of, std::size_t first, const float* x, float* y,
                                std::int64_t pixels, std::index_sequence<Lane...> lanes) {
  const float* const from[] = {x + of.lane_source(first + Lane)...};
  const ivec exists = {(of.pair[first + Lane] < 0 ? 0 : -1)...};
  for (std::int64_t i = 0; i < pixels * block; i += block) {
    vec found = {};
    if constexpr (width == 4)
      found = vec{from[Lane][i]...};
    else
      (put<Lane>(found, from[Lane] + i, lanes), ...);
    store(y + i + first, exists ? found : vec{});
  }
}

/// Pixels of a block; x and y are the first pixel of the image and of the block.
TENON_KERNEL_INLINE void shuffle_pixels(const shuffled_block& of, const float* x, float* y, std::int64_t pixels) {
  if constexpr (width == 16) {
    constexpr std::int64_t together = 8;
    std::int64_t i = 0;
    for (; i + together <= pixels; i += together)
      permute_pixels(of, x + i * block, y + i * block, std::make_index_sequence<together>());
    for (; i < pixels; ++i) permute_pixels(of, x + i * block, y + i * block, std::make_index_sequence<1>());
  } else {
    for (std::size_t lane = 0; lane < block; lane += width)
      collect_lanes(of, lane, x, y, pixels, std::make_index_sequence<width>());
  }
}

/// Chunks of rounds of all images' blocks; rounds are counted last, for each has to be prepared.
TENON_KERNEL inline void shuffle_part(const shuffle_arguments& of, std::int64_t begin, std::int64_t end) {
  std::array<shuffled_block, shuffled_blocks> blocks;
  std::int64_t prepared = -1;
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t round = part / (of.extents.batch * of.chunks), chunk = part % (of.extents.batch * of.chunks);
    const std::int64_t first_block = round * shuffled_blocks;
    const std::int64_t count = std::min(shuffled_blocks, of.extents.blocks - first_block);
    if (round != prepared)
      for (std::int64_t i = 0; i < count; ++i)
        blocks[static_cast<std::size_t>(i)] = shuffled_block(of, (first_block + i) * block);
    prepared = round;
    const std::int64_t first = chunk % of.chunks * shuffled_pixels;
    const std::int64_t pixels = std::min(shuffled_pixels, of.extents.pixels - first);
    const std::int64_t offset = (chunk / of.chunks * of.extents.blocks * of.extents.pixels + first) * block;
    for (std::int64_t i = 0; i < count; ++i)
      shuffle_pixels(blocks[static_cast<std::size_t>(i)], of.x + offset,
                     of.y + offset + (first_block + i) * of.extents.pixels * block, pixels);
  }
}

/// A square of as many blocks as a block has channels, all of whose lanes change places: x and y are a pixel of its
/// first blocks.
template <std::size_t... Row>
TENON_KERNEL_INLINE void transpose_pixel(const float* x, std::int64_t x_row, float* y, std::int64_t y_row,
                                         std::index_sequence<Row...>) {
  for (int row = 0; row < block; row += width)
    for (int column = 0; column < block; column += width) {
      vec rows[] = {load(x + (row + static_cast<int>(Row)) * x_row + column)...};
      transpose(rows);
      (store(y + (column + static_cast<int>(Row)) * y_row + row, rows[Row]), ...);
    }
}

/// Chunks of squares, where groups and members both are whole blocks.
TENON_KERNEL inline void transpose_part(const shuffle_arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t group_blocks = of.groups / block, member_blocks = of.extents.blocks / of.groups;
  const std::int64_t squares = group_blocks * member_blocks, plane = of.extents.pixels * block;
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t square = part / of.chunks % squares, image = part / of.chunks / squares * of.extents.blocks;
    const std::int64_t group = square / member_blocks, member = square % member_blocks;
    const std::int64_t first = part % of.chunks * shuffled_pixels;
    const std::int64_t last = std::min(first + shuffled_pixels, of.extents.pixels);
    const float* const x = of.x + (image + group * block * member_blocks + member) * plane;
    float* const y = of.y + (image + member * block * group_blocks + group) * plane;
    for (std::int64_t i = first * block; i < last * block; i += block)
      transpose_pixel(x + i, member_blocks * plane, y + i, group_blocks * plane, std::make_index_sequence<width>());
  }
}

/// x -> y; channel g * (C / groups) + i becomes channel i * groups + g
inline void channel_shuffle(const attributes& attribute, std::span<const operand> operands,
                            std::span<const operand> results) {
  const blocked_extents extents(operands[0].extents, block);
  const std::int64_t members = extents.channels / attribute.groups;
  const shuffle_arguments of{extents,
                             attribute.groups,
                             divide_up(extents.blocks, shuffled_blocks),
                             divide_up(extents.pixels, shuffled_pixels),
                             operands[0].as<const float>(),
                             results[0].as<float>()};
  if (attribute.groups % block == 0 && members % block == 0)
    in_parallel(extents.planes() / block * of.chunks, transpose_part, of);
  else
    in_parallel(extents.batch * of.rounds * of.chunks, shuffle_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
