// SPDX-License-Identifier: Apache-2.0
// The gradients of batch norm, by the batch's statistics and by given ones.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_BATCH_NORM_GRADIENT_HPP
#    define TENON_BACKENDS_KERNELS_BATCH_NORM_GRADIENT_HPP

#    include "tenon/backends/kernels/batch_norm.hpp"

#    define TENON_KERNEL_FILE "tenon/backends/kernels/batch_norm_gradient.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// What passes back through a fused relu.
TENON_KERNEL_INLINE vec passing(const channel_norm& norm, bool rectifies, vec x, vec dy) {
  return rectifies ? (apply(norm, x) > vec{} ? dy : vec{}) : dy;
}

TENON_KERNEL inline void gradient_sums_part(const round_parts& of, std::int64_t begin, std::int64_t end) {
  const norm_round& round = *of.round;
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t in_block = part % of.tiles.count, first = part / of.tiles.count * of.tiles.total;
    block_sums sums{};
    for (std::int64_t tile = of.tiles.begin(in_block); tile < of.tiles.end(in_block); ++tile) {
      const tile_place at = place_of(round, first + tile);
      for (int lane = 0; lane < block; lane += width) {
        const channel_norm norm = norm_of(round.parameters, at.channel + lane);
        const float* const x = round.x + at.offset + lane;
        const float* const dy = round.dy + at.offset + lane;
        vec plain_sum[2] = {}, weighted[2] = {};
        std::int64_t i = 0;
        for (; i + 2 <= at.pixels; i += 2)
          for (int k = 0; k < 2; ++k) {
            const vec value = load(x + (i + k) * block);
            const vec gradient = passing(norm, round.rectifies, value, load(dy + (i + k) * block));
            plain_sum[k] += gradient;
            weighted[k] += gradient * normalized(norm, value);
          }
        for (; i < at.pixels; ++i) {
          const vec value = load(x + i * block);
          const vec gradient = passing(norm, round.rectifies, value, load(dy + i * block));
          plain_sum[0] += gradient;
          weighted[0] += gradient * normalized(norm, value);
        }
        const vec tile_sum = plain_sum[0] + plain_sum[1], tile_weighted = weighted[0] + weighted[1];
        for (int k = 0; k < width; ++k) {
          sums.first[static_cast<std::size_t>(lane + k)] += static_cast<double>(tile_sum[k]);
          sums.second[static_cast<std::size_t>(lane + k)] += static_cast<double>(tile_weighted[k]);
        }
      }
    }
    of.sums[part] = sums;
  }
}

/// What is subtracted from the gradient of each channel of a round: mean(dy) and mean(dy * normalized(x)).
struct gradient_means {
  const norm_round* round;
  const float* plain_mean;
  const float* weighted_mean;
};

TENON_KERNEL inline void norm_gradient_part(const gradient_means& of, std::int64_t begin, std::int64_t end) {
  const norm_round& round = *of.round;
  for (std::int64_t tile = begin; tile < end; ++tile) {
    const tile_place at = place_of(round, tile);
    for (int lane = 0; lane < block; lane += width) {
      const channel_norm norm = norm_of(round.parameters, at.channel + lane);
      const std::int64_t in_round = at.channel + lane - round.first_block * block;
      const vec plain_mean = load(of.plain_mean + in_round), weighted_mean = load(of.weighted_mean + in_round);
      const vec factor = norm.scale * norm.inverse_deviation;
      const float* const x = round.x + at.offset + lane;
      const float* const dy = round.dy + at.offset + lane;
      float* const dx = round.y + at.offset + lane;
      for (std::int64_t i = 0; i < at.pixels * block; i += block) {
        const vec value = load(x + i);
        const vec gradient = passing(norm, round.rectifies, value, load(dy + i));
        store(dx + i, factor * (gradient - plain_mean - normalized(norm, value) * weighted_mean));
      }
    }
  }
}

/// x, dy, scale, shift, mean, variance -> dx, dscale, dshift; dx may overwrite x or dy. A result without memory is left
/// out. `frozen`: the statistics are constants, else they are the batch's and the gradient goes through them.
inline void norm_gradient(const attributes& attribute, bool frozen, std::span<const operand> operands,
                          std::span<const operand> results) {
  const geometry extents(operands[0].extents, block);
  const auto values = static_cast<double>(extents.batch * extents.pixels);
  float* const dscale = results[1].as<float>();
  float* const dshift = results[2].as<float>();
  std::array<block_sums, most_parts> sums;
  std::array<float, most_parts * block> plain_mean{}, weighted_mean{};
  for (std::int64_t first = 0; first < extents.blocks; first += most_parts) {
    const norm_round round{operands[0].as<const float>(),
                           operands[1].as<const float>(),
                           results[0].as<float>(),
                           extents,
                           {operands[2].as<const float>(), operands[3].as<const float>(), operands[4].as<const float>(),
                            operands[5].as<const float>(), extents.channels, static_cast<float>(attribute.epsilon)},
                           attribute.fused == activation::relu,
                           first,
                           std::min(most_parts, extents.blocks - first)};
    if (!frozen || dscale != nullptr || dshift != nullptr) {
      const round_parts parts(round, sums.data());
      in_parallel(parts.count(), gradient_sums_part, parts);
      for (std::int64_t i = 0; i < round.blocks * block; ++i) {
        double plain_sum = 0, weighted = 0;
        for (std::int64_t part = 0; part < parts.tiles.count; ++part) {
          const block_sums& more = sums[static_cast<std::size_t>(i / block * parts.tiles.count + part)];
          plain_sum += more.first[static_cast<std::size_t>(i % block)];
          weighted += more.second[static_cast<std::size_t>(i % block)];
        }
        const std::int64_t channel = first * block + i;
        if (dscale != nullptr && channel < extents.channels) dscale[channel] = static_cast<float>(weighted);
        if (dshift != nullptr && channel < extents.channels) dshift[channel] = static_cast<float>(plain_sum);
        if (frozen) continue;
        plain_mean[static_cast<std::size_t>(i)] = static_cast<float>(plain_sum / values);
        weighted_mean[static_cast<std::size_t>(i)] = static_cast<float>(weighted / values);
      }
    }
    if (results[0].data != nullptr)
      in_parallel(round.tiles(), norm_gradient_part, gradient_means{&round, plain_mean.data(), weighted_mean.data()});
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
