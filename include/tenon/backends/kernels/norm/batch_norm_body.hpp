// SPDX-License-Identifier: Apache-2.0
// The kernels of batch_norm.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The operand that is added before the activation, or nullptr.
inline const float* residual_of(operation op, const attributes& attribute, std::span<const operand> operands) {
  return data_of<const float>(op, attribute, operands.data(), role::residual);
}

/// x, scale, shift, mean, variance, [residual] -> y; y may overwrite x or the residual. Contiguous values are taken
/// where `TakesContiguous`.
template <bool TakesContiguous>
void batch_norm(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const blocked_extents extents(operands[0].extents, block);
  const norm_round round{operands[0].as<const float>(),
                         nullptr,
                         residual_of(operation::batch_norm, attribute, operands),
                         results[0].as<float>(),
                         extents,
                         {operand_at<role::scale, operation::batch_norm>(operands).as<const float>(),
                          operand_at<role::shift, operation::batch_norm>(operands).as<const float>(),
                          operand_at<role::mean, operation::batch_norm>(operands).as<const float>(),
                          operand_at<role::variance, operation::batch_norm>(operands).as<const float>(),
                          extents.channels, 0, static_cast<float>(attribute.epsilon)},
                         norm_function(attribute),
                         0,
                         extents.blocks};
  if constexpr (TakesContiguous) {
    if (operands[0].arrangement == layout::contiguous) return normalize_planes(round, operands[0]);
  }
  in_parallel(round.tiles(), normalize_part, round);
}

/// x, scale, shift, [residual] -> y, mean, variance (biased) of the batch; y may overwrite x or the residual
template <bool TakesContiguous>
void batch_norm_training(const attributes& attribute, std::span<const operand> operands,
                         std::span<const operand> results) {
  const blocked_extents extents(operands[0].extents, block);
  const auto values = static_cast<double>(extents.batch * extents.pixels);
  float* const mean = result_at<role::mean, operation::batch_norm_training>(results).as<float>();
  float* const variance = result_at<role::variance, operation::batch_norm_training>(results).as<float>();
  norm_round round{operands[0].as<const float>(),
                   nullptr,
                   residual_of(operation::batch_norm_training, attribute, operands),
                   results[0].as<float>(),
                   extents,
                   {operand_at<role::scale, operation::batch_norm_training>(operands).as<const float>(),
                    operand_at<role::shift, operation::batch_norm_training>(operands).as<const float>(), mean, variance,
                    extents.channels, 0, static_cast<float>(attribute.epsilon)},
                   norm_function(attribute)};
  if constexpr (TakesContiguous) {
    if (operands[0].arrangement == layout::contiguous)
      return normalize_planes_training(round, operands[0], mean, variance);
  }
  std::array<block_sums, most_norm_parts> sums;
  for (; round.first_block < extents.blocks; round.first_block += most_norm_parts) {
    round.blocks = std::min(most_norm_parts, extents.blocks - round.first_block);
    const round_parts parts(round, sums.data());
    in_parallel(parts.count(), moments_part, parts);
    for (std::int64_t i = 0; i < round.blocks; ++i) {
      const block_sums moments = joined_moments(parts, i);
      const std::int64_t channel = (round.first_block + i) * block;
      for (std::int64_t k = 0; k < std::min<std::int64_t>(block, extents.channels - channel); ++k) {
        mean[channel + k] = static_cast<float>(moments.first[static_cast<std::size_t>(k)]);
        variance[channel + k] = static_cast<float>(moments.second[static_cast<std::size_t>(k)] / values);
      }
    }
    in_parallel(round.tiles(), normalize_part, round);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
