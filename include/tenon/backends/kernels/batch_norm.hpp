// SPDX-License-Identifier: Apache-2.0
// Batch norm by given statistics and by the batch's, with a fused relu.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_BATCH_NORM_HPP
#    define TENON_BACKENDS_KERNELS_BATCH_NORM_HPP

#    include <algorithm>
#    include <array>
#    include <span>

#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"
#    include "tenon/backends/operand.hpp"

#    define TENON_KERNEL_FILE "tenon/backends/kernels/batch_norm.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// A norm's parameters, each of all channels.
struct norm_parameters {
  const float* scale;
  const float* shift;
  const float* mean;
  const float* variance;
  std::int64_t channels;
  float epsilon;
};

/// The norm of a vector of channels: y = scale * normalized(x) + shift. Forward and gradient share it, so that the mask
/// of a fused relu comes out the same.
struct channel_norm {
  vec scale, shift, mean, inverse_deviation;
};

TENON_KERNEL_INLINE channel_norm norm_of(const norm_parameters& of, std::int64_t channel) {
  const std::int64_t count = of.channels - channel;
  vec variance = load_some(of.variance + channel, count);
  // Padding has variance 0, and epsilon may be 0 too.
  for (std::int64_t i = std::max<std::int64_t>(count, 0); i < width; ++i) variance[i] = 1;
  return {load_some(of.scale + channel, count), load_some(of.shift + channel, count),
          load_some(of.mean + channel, count), 1.0f / square_root(variance + of.epsilon)};
}
TENON_KERNEL_INLINE vec normalized(const channel_norm& of, vec x) { return (x - of.mean) * of.inverse_deviation; }
TENON_KERNEL_INLINE vec apply(const channel_norm& of, vec x) { return of.scale * normalized(of, x) + of.shift; }

/// A tile is a run of pixels of one block plane: small enough to stay in the first-level cache, large enough that what
/// is done once for it does not count.
inline constexpr std::int64_t tile_pixels = 512;

/// Some channel blocks of all images: what one round of a norm works on. The partial sums of a round fit the stack.
struct norm_round {
  const float* x;
  const float* dy;
  float* y;  ///< or dx
  geometry extents;
  norm_parameters parameters;
  bool rectifies;
  std::int64_t first_block, blocks;

  std::int64_t tiles_of_plane() const { return divide_up(extents.pixels, tile_pixels); }
  std::int64_t tiles_of_block() const { return extents.batch * tiles_of_plane(); }
  std::int64_t tiles() const { return blocks * tiles_of_block(); }
};

/// A tile's place: in memory, its pixels, its first channel.
struct tile_place {
  std::int64_t offset, pixels, channel;
};

inline tile_place place_of(const norm_round& of, std::int64_t tile) {
  const std::int64_t in_block = tile % of.tiles_of_block(), channel_block = of.first_block + tile / of.tiles_of_block();
  const std::int64_t image = in_block / of.tiles_of_plane(), first = in_block % of.tiles_of_plane() * tile_pixels;
  return {((image * of.extents.blocks + channel_block) * of.extents.pixels + first) * block,
          std::min(tile_pixels, of.extents.pixels - first), channel_block * block};
}

TENON_KERNEL inline void normalize_part(const norm_round& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t tile = begin; tile < end; ++tile) {
    const tile_place at = place_of(of, tile);
    for (int lane = 0; lane < block; lane += width) {
      const channel_norm norm = norm_of(of.parameters, at.channel + lane);
      const float* x = of.x + at.offset + lane;
      float* y = of.y + at.offset + lane;
      const float* const last = x + at.pixels * block;
      if (of.rectifies)
        for (; x < last; x += block, y += block) store(y, rectified(apply(norm, load(x))));
      else
        for (; x < last; x += block, y += block) store(y, apply(norm, load(x)));
    }
  }
}

/// x, scale, shift, mean, variance -> y; y may overwrite x
inline void batch_norm(const attributes& attribute, std::span<const operand> operands,
                       std::span<const operand> results) {
  const geometry extents(operands[0].extents, block);
  const norm_round round{operands[0].as<const float>(),
                         nullptr,
                         results[0].as<float>(),
                         extents,
                         {operands[1].as<const float>(), operands[2].as<const float>(), operands[3].as<const float>(),
                          operands[4].as<const float>(), extents.channels, static_cast<float>(attribute.epsilon)},
                         attribute.fused == activation::relu,
                         0,
                         extents.blocks};
  in_parallel(round.tiles(), normalize_part, round);
}

/// Sums over a part of a channel block, for each channel. Of the statistics: the mean and the sum of squared deviations
/// from it; of the gradient: sums of dy and of dy * normalized(x).
struct block_sums {
  std::array<double, block> first, second;
};

/// The parts of a round's sums: every block in equally many, each some tiles.
struct round_parts {
  const norm_round* round;
  equal_parts tiles;  ///< of one block
  block_sums* sums;

  round_parts(const norm_round& of, block_sums* to)
      : round(&of), tiles(of.tiles_of_block(), std::max<std::int64_t>(1, most_parts / of.blocks), 1), sums(to) {}
  std::int64_t count() const { return round->blocks * tiles.count; }
};

/// Mean and squared deviations of the values so far and of some more, as one.
inline void join_moments(block_sums& sums, int lane, double count, double mean, double squares, double more) {
  const auto i = static_cast<std::size_t>(lane);
  const double difference = mean - sums.first[i], share = more / (count + more);
  sums.first[i] += difference * share;
  sums.second[i] += squares + difference * difference * count * share;
}

TENON_KERNEL inline void moments_part(const round_parts& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t in_block = part % of.tiles.count, first = part / of.tiles.count * of.tiles.total;
    block_sums sums{};
    double count = 0;
    for (std::int64_t tile = of.tiles.begin(in_block); tile < of.tiles.end(in_block); ++tile) {
      const tile_place at = place_of(*of.round, first + tile);
      const auto pixels = static_cast<double>(at.pixels);
      for (int lane = 0; lane < block; lane += width) {
        const float* const x = of.round->x + at.offset + lane;
        // The mean first, then deviations from it: the tile is in the cache. Four sums at a time, each a short one.
        vec sum[4] = {}, deviation[4] = {}, squares[4] = {};
        std::int64_t i = 0;
        for (; i + 4 <= at.pixels; i += 4)
          for (int k = 0; k < 4; ++k) sum[k] += load(x + (i + k) * block);
        for (; i < at.pixels; ++i) sum[0] += load(x + i * block);
        const vec mean = ((sum[0] + sum[1]) + (sum[2] + sum[3])) / static_cast<float>(at.pixels);
        for (i = 0; i + 4 <= at.pixels; i += 4)
          for (int k = 0; k < 4; ++k) {
            const vec difference = load(x + (i + k) * block) - mean;
            deviation[k] += difference;
            squares[k] += difference * difference;
          }
        for (; i < at.pixels; ++i) {
          const vec difference = load(x + i * block) - mean;
          deviation[0] += difference;
          squares[0] += difference * difference;
        }
        const vec off = (deviation[0] + deviation[1]) + (deviation[2] + deviation[3]);
        const vec all_squares = (squares[0] + squares[1]) + (squares[2] + squares[3]);
        for (int k = 0; k < width; ++k) {
          const double correction = static_cast<double>(off[k]) / pixels;
          join_moments(sums, lane + k, count, static_cast<double>(mean[k]) + correction,
                       static_cast<double>(all_squares[k]) - correction * correction * pixels, pixels);
        }
      }
      count += pixels;
    }
    of.sums[part] = sums;
  }
}

/// Joins the parts' moments in a fixed order. mean, variance: of the round's blocks, padding included.
inline void join_parts(const round_parts& of, float* mean, float* variance) {
  for (std::int64_t i = 0; i < of.round->blocks; ++i) {
    block_sums sums{};
    double count = 0;
    for (std::int64_t part = 0; part < of.tiles.count; ++part) {
      const block_sums& more = of.sums[i * of.tiles.count + part];
      double pixels = 0;
      for (std::int64_t tile = of.tiles.begin(part); tile < of.tiles.end(part); ++tile)
        pixels += static_cast<double>(place_of(*of.round, tile).pixels);
      for (int lane = 0; lane < block; ++lane) {
        const auto k = static_cast<std::size_t>(lane);
        join_moments(sums, lane, count, more.first[k], more.second[k], pixels);
      }
      count += pixels;
    }
    for (int lane = 0; lane < block; ++lane) {
      const auto k = static_cast<std::size_t>(lane);
      mean[i * block + lane] = static_cast<float>(sums.first[k]);
      variance[i * block + lane] = static_cast<float>(sums.second[k] / count);
    }
  }
}

/// x, scale, shift -> y, mean, variance (biased) of the batch
inline void batch_norm_training(const attributes& attribute, std::span<const operand> operands,
                                std::span<const operand> results) {
  const geometry extents(operands[0].extents, block);
  std::array<block_sums, most_parts> sums;
  std::array<float, most_parts * block> mean, variance;
  for (std::int64_t first = 0; first < extents.blocks; first += most_parts) {
    const std::int64_t blocks = std::min(most_parts, extents.blocks - first), channel = first * block;
    const std::int64_t channels = std::min(blocks * block, extents.channels - channel);
    norm_round round{operands[0].as<const float>(),
                     nullptr,
                     results[0].as<float>(),
                     extents,
                     {operands[1].as<const float>(), operands[2].as<const float>(), nullptr, nullptr, extents.channels,
                      static_cast<float>(attribute.epsilon)},
                     attribute.fused == activation::relu,
                     first,
                     blocks};
    const round_parts parts(round, sums.data());
    in_parallel(parts.count(), moments_part, parts);
    join_parts(parts, mean.data(), variance.data());
    std::copy_n(mean.data(), channels, results[1].as<float>() + channel);
    std::copy_n(variance.data(), channels, results[2].as<float>() + channel);
    round.parameters.mean = results[1].as<const float>();
    round.parameters.variance = results[2].as<const float>();
    in_parallel(round.tiles(), normalize_part, round);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
