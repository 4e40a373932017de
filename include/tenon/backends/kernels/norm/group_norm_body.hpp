// SPDX-License-Identifier: Apache-2.0
// The kernels of group_norm.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The most groups that are worked on at once. A multiple of a block's channels, so that so many groups end with one.
inline constexpr std::int64_t most_groups = 1024;

/// How many floats of small images are worked on at once; larger images one at a time, while they are in the cache.
inline constexpr std::int64_t direct_floats = 1 << 18;

/// The block planes, counted through all images, that are worked on at once from plane `first` on: those of whole
/// images, or of most_groups groups of one image.
inline std::int64_t planes_at_once(const blocked_extents& extents, std::int64_t groups, std::int64_t first) {
  if (groups > most_groups) {
    const std::int64_t of_groups = extents.channels / groups * most_groups / block;
    return std::min(of_groups, extents.blocks - first % extents.blocks);
  }
  const std::int64_t image_floats = extents.blocks * extents.pixels * block;
  const std::int64_t images = std::clamp<std::int64_t>(direct_floats / image_floats, 1, most_groups / groups);
  return std::min(images * extents.blocks, extents.planes() - first);
}

/// Finds means and variances of all groups of a round's planes.
inline void find_group_statistics(const norm_round& of, float* mean, float* variance) {
  const blocked_extents& extents = of.extents;
  const std::int64_t groups = of.parameters.groups, size = extents.channels / groups;
  const auto pixels = static_cast<double>(extents.pixels);
  std::array<block_sums, most_norm_parts> sums;
  double count = 0, group_mean = 0, group_squares = 0;  // of the group whose channels come next
  norm_round round = of;
  for (std::int64_t done = 0; done < of.blocks; done += most_norm_parts) {
    round.first_block = of.first_block + done;
    round.blocks = std::min(most_norm_parts, of.blocks - done);
    const round_parts parts(round, sums.data());
    in_parallel(parts.count(), moments_part, parts);
    for (std::int64_t i = 0; i < round.blocks; ++i) {
      const block_sums moments = joined_moments(parts, i);
      const std::int64_t image = (round.first_block + i) / extents.blocks;
      const std::int64_t first = (round.first_block + i) % extents.blocks * block;
      for (std::int64_t channel = first; channel < std::min(first + block, extents.channels); ++channel) {
        const auto lane = static_cast<std::size_t>(channel - first);
        join_moments(group_mean, group_squares, count, moments.first[lane], moments.second[lane], pixels);
        count += pixels;
        if ((channel + 1) % size != 0) continue;
        mean[image * groups + channel / size] = static_cast<float>(group_mean);
        variance[image * groups + channel / size] = static_cast<float>(group_squares / count);
        count = group_mean = group_squares = 0;
      }
    }
  }
}

/// What a node of a group norm applies; its statistics where it reads them.
inline norm_parameters group_norm_parameters(operation op, const attributes& attribute,
                                             std::span<const operand> operands) {
  const auto of = [&](role wanted) { return data_of<const float>(op, attribute, operands.data(), wanted); };
  return {of(role::scale),
          of(role::shift),
          of(role::mean),
          of(role::variance),
          operands[0].extents.channels(),
          attribute.groups,
          static_cast<float>(attribute.epsilon)};
}

/// x, [scale, shift], [residual] -> y, mean, variance (biased) of each image's groups; y may overwrite x or the
/// residual
inline void group_norm(const attributes& attribute, std::span<const operand> operands,
                       std::span<const operand> results) {
  const blocked_extents extents(operands[0].extents, block);
  float* const mean = result_at<role::mean, operation::group_norm>(results).as<float>();
  float* const variance = result_at<role::variance, operation::group_norm>(results).as<float>();
  norm_round round{
      operands[0].as<const float>(), nullptr, residual_of(operation::group_norm, attribute, operands),
      results[0].as<float>(),        extents, group_norm_parameters(operation::group_norm, attribute, operands),
      norm_function(attribute)};
  round.parameters.mean = mean;
  round.parameters.variance = variance;
  for (; round.first_block < extents.planes(); round.first_block += round.blocks) {
    round.blocks = planes_at_once(extents, attribute.groups, round.first_block);
    find_group_statistics(round, mean, variance);
    in_parallel(round.tiles(), normalize_part, round);
  }
}

/// x, [scale, shift], mean, variance, [residual] -> y; y may overwrite x or the residual
inline void group_norm_given(const attributes& attribute, std::span<const operand> operands,
                             std::span<const operand> results) {
  const blocked_extents extents(operands[0].extents, block);
  const norm_round round{
      operands[0].as<const float>(), nullptr, residual_of(operation::group_norm_given, attribute, operands),
      results[0].as<float>(),        extents, group_norm_parameters(operation::group_norm_given, attribute, operands),
      norm_function(attribute),      0,       extents.planes()};
  in_parallel(round.tiles(), normalize_part, round);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
