// SPDX-License-Identifier: Apache-2.0
// The kernels of norm_parts.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// A norm's parameters. A batch norm's are each of all channels; of a group norm scale and shift may be nullptr, and
/// statistics are of each image's groups.
struct norm_parameters {
  const float* scale;
  const float* shift;
  const float* mean;
  const float* variance;
  std::int64_t channels;
  std::int64_t groups;  ///< 0: a batch norm
  float epsilon;
};

/// The most blocks, and parts of their sums, that are summed at once: 16 KiB of sums, which any stack has room for.
inline constexpr std::int64_t most_norm_parts = 1024 / block;

/// Some channel blocks that are worked on at once: of a batch norm each goes through all images; of a group norm they
/// are block planes, counted through all images. Sums take at most most_norm_parts blocks.
struct norm_round {
  const float* x;
  const float* dy;
  const float* residual;
  float* y;  ///< or dx
  blocked_extents extents;
  norm_parameters parameters;
  norm_function then;
  std::int64_t first_block = 0, blocks = 0;

  bool by_image() const { return parameters.groups != 0; }
  std::int64_t tiles_of_plane() const { return divide_up(extents.pixels, tile_pixels); }
  std::int64_t tiles_of_block() const { return (by_image() ? 1 : extents.batch) * tiles_of_plane(); }
  std::int64_t tiles() const { return blocks * tiles_of_block(); }
};

/// A tile's place: in memory, its pixels, its image, its first channel.
struct tile_place {
  std::int64_t offset, pixels, image, channel;
};

inline tile_place place_of(const norm_round& of, std::int64_t tile) {
  const std::int64_t in_block = tile % of.tiles_of_block(), index = of.first_block + tile / of.tiles_of_block();
  const std::int64_t image = of.by_image() ? index / of.extents.blocks : in_block / of.tiles_of_plane();
  const std::int64_t channel_block = of.by_image() ? index % of.extents.blocks : index;
  const std::int64_t first = in_block % of.tiles_of_plane() * tile_pixels;
  return {((image * of.extents.blocks + channel_block) * of.extents.pixels + first) * block,
          std::min(tile_pixels, of.extents.pixels - first), image, channel_block * block};
}

/// What `values` has for a vector of channels of an image: of each channel, or of each channel's group. `values` begins
/// with the channel or group `first`; `missing` is for padding.
TENON_KERNEL_INLINE vec of_channels(const norm_parameters& of, const float* values, std::int64_t first,
                                    std::int64_t image, std::int64_t channel, float missing) {
  alignas(64) float lanes[width];
  std::fill_n(lanes, width, missing);
  const std::int64_t count = std::min<std::int64_t>(of.channels - channel, width);
  if (of.groups == 0) {
    for (std::int64_t i = 0; i < count; ++i) lanes[i] = values[channel - first + i];
    return load(lanes);
  }
  const std::int64_t size = of.channels / of.groups;
  std::int64_t group = image * of.groups + channel / size - first, left = size - channel % size;
  for (std::int64_t i = 0; i < count; ++i, --left) {
    if (left == 0) {
      ++group;
      left = size;
    }
    lanes[i] = values[group];
  }
  return load(lanes);
}

/// The norms of a tile's vectors of channels.
TENON_KERNEL_INLINE void norms_of(const norm_parameters& of, const tile_place& at, channel_norm* norms) {
  for (int lane = 0; lane < block; lane += width) {
    const std::int64_t channel = at.channel + lane, count = of.channels - channel;
    vec scale = {};
    if (of.scale != nullptr) {
      scale = load_some(of.scale + std::min(channel, of.channels), count);
    } else {
      for (int i = 0; i < std::min<std::int64_t>(count, width); ++i) scale[i] = 1;
    }
    const vec shift = of.shift == nullptr ? vec{} : load_some(of.shift + std::min(channel, of.channels), count);
    // Padding has variance 1, for epsilon may be 0.
    const vec variance = of_channels(of, of.variance, 0, at.image, channel, 1);
    norms[lane / width] = {scale, shift, of_channels(of, of.mean, 0, at.image, channel, 0),
                           1.0f / square_root(variance + of.epsilon)};
  }
}

/// Tiles of y.
TENON_KERNEL inline void normalize_part(const norm_round& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t tile = begin; tile < end; ++tile) {
    const tile_place at = place_of(of, tile);
    channel_norm norms[block / width];
    norms_of(of.parameters, at, norms);
    normalize_tile(norms, of.then, of.x + at.offset, of.residual == nullptr ? nullptr : of.residual + at.offset,
                   of.y + at.offset, at.pixels, of.extents.channels - at.channel);
  }
}

/// The parts of a round's sums: every block in equally many, each some tiles.
struct round_parts {
  const norm_round* round;
  equal_parts tiles;  ///< of one block
  block_sums* sums;

  round_parts(const norm_round& of, block_sums* to)
      : round(&of), tiles(of.tiles_of_block(), std::max<std::int64_t>(1, most_norm_parts / of.blocks), 1), sums(to) {}
  std::int64_t count() const { return round->blocks * tiles.count; }
};

TENON_KERNEL inline void moments_part(const round_parts& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t in_block = part % of.tiles.count, first = part / of.tiles.count * of.tiles.total;
    block_sums sums{};
    double count = 0;
    for (std::int64_t tile = of.tiles.begin(in_block); tile < of.tiles.end(in_block); ++tile) {
      const tile_place at = place_of(*of.round, first + tile);
      moments_tile(of.round->x + at.offset, at.pixels, count, sums);
      count += static_cast<double>(at.pixels);
    }
    of.sums[part] = sums;
  }
}

/// The moments of a block of a round, its parts joined in a fixed order.
inline block_sums joined_moments(const round_parts& of, std::int64_t in_round) {
  block_sums sums{};
  double count = 0;
  for (std::int64_t part = 0; part < of.tiles.count; ++part) {
    const block_sums& more = of.sums[in_round * of.tiles.count + part];
    double pixels = 0;
    for (std::int64_t tile = of.tiles.begin(part); tile < of.tiles.end(part); ++tile)
      pixels += static_cast<double>(place_of(*of.round, tile).pixels);
    for (std::size_t k = 0; k < block; ++k)
      join_moments(sums.first[k], sums.second[k], count, more.first[k], more.second[k], pixels);
    count += pixels;
  }
  return sums;
}

TENON_KERNEL inline void gradient_sums_part(const round_parts& of, std::int64_t begin, std::int64_t end) {
  const norm_round& round = *of.round;
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t in_block = part % of.tiles.count, first = part / of.tiles.count * of.tiles.total;
    block_sums sums{};
    for (std::int64_t tile = of.tiles.begin(in_block); tile < of.tiles.end(in_block); ++tile) {
      const tile_place at = place_of(round, first + tile);
      channel_norm norms[block / width];
      norms_of(round.parameters, at, norms);
      gradient_sums_tile(norms, round.then, round.x + at.offset, round.dy + at.offset, at.pixels, sums);
    }
    of.sums[part] = sums;
  }
}

/// The sums of a block of a round.
inline block_sums added_sums(const round_parts& of, std::int64_t in_round) {
  block_sums sums{};
  for (std::int64_t part = 0; part < of.tiles.count; ++part) {
    const block_sums& more = of.sums[in_round * of.tiles.count + part];
    for (std::size_t k = 0; k < block; ++k) {
      sums.first[k] += more.first[k];
      sums.second[k] += more.second[k];
    }
  }
  return sums;
}

/// The means that are taken from the gradient, as of_channels reads them.
struct round_means {
  const norm_round* round;
  const float* unweighted;
  const float* weighted;
  std::int64_t first;
};

/// Tiles of dx.
TENON_KERNEL inline void differentiate_part(const round_means& of, std::int64_t begin, std::int64_t end) {
  const norm_round& round = *of.round;
  for (std::int64_t tile = begin; tile < end; ++tile) {
    const tile_place at = place_of(round, tile);
    channel_norm norms[block / width];
    gradient_means means[block / width];
    norms_of(round.parameters, at, norms);
    for (int lane = 0; lane < block; lane += width) {
      const std::int64_t channel = at.channel + lane;
      means[lane / width] = {of_channels(round.parameters, of.unweighted, of.first, at.image, channel, 0),
                             of_channels(round.parameters, of.weighted, of.first, at.image, channel, 0)};
    }
    differentiate_tile(norms, means, round.then, round.x + at.offset, round.dy + at.offset, round.y + at.offset,
                       at.pixels);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
