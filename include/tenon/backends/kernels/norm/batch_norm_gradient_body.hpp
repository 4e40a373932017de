// SPDX-License-Identifier: Apache-2.0
// The kernels of batch_norm_gradient.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// An operand of the gradient of a batch norm, of either kind.
template <role Role>
const float* norm_operand(std::span<const operand> operands) {
  return operand_at<Role, operation::batch_norm_gradient, operation::batch_norm_frozen_gradient>(operands)
      .template as<const float>();
}
/// A result, or nullptr where the node has dx alone.
template <role Role>
float* norm_result(std::span<const operand> results) {
  if (results.size() < 2) return nullptr;
  return result_at<Role, operation::batch_norm_gradient, operation::batch_norm_frozen_gradient>(results)
      .template as<float>();
}

/// x, dy, scale, shift, mean, variance -> dx, dscale, dshift; dx may overwrite x or dy. A result without memory is left
/// out; a frozen norm may have dx alone. `frozen`: the statistics are constants, else they are the batch's and the
/// gradient goes through them. Contiguous values are taken where `TakesContiguous`.
template <bool TakesContiguous>
void norm_gradient(const attributes& attribute, bool frozen, std::span<const operand> operands,
                   std::span<const operand> results) {
  const blocked_extents extents(operands[0].extents, block);
  const auto values = static_cast<double>(extents.batch * extents.pixels);
  const float* const scale = norm_operand<role::scale>(operands);
  float* const dscale = norm_result<role::scale_gradient>(results);
  float* const dshift = norm_result<role::shift_gradient>(results);
  norm_round round{operands[0].as<const float>(),
                   norm_operand<role::output_gradient>(operands),
                   nullptr,
                   results[0].as<float>(),
                   extents,
                   {scale, norm_operand<role::shift>(operands), norm_operand<role::mean>(operands),
                    norm_operand<role::variance>(operands), extents.channels, 0, static_cast<float>(attribute.epsilon)},
                   norm_function(attribute)};
  if constexpr (TakesContiguous) {
    if (operands[0].arrangement == layout::contiguous)
      return differentiate_planes(round, operands[0], frozen, dscale, dshift);
  }
  std::array<block_sums, most_norm_parts> sums;
  std::array<float, most_norm_parts * block> unweighted{}, weighted{};
  for (; round.first_block < extents.blocks; round.first_block += most_norm_parts) {
    round.blocks = std::min(most_norm_parts, extents.blocks - round.first_block);
    const std::int64_t first = round.first_block * block;
    if (!frozen || dscale != nullptr || dshift != nullptr) {
      const round_parts parts(round, sums.data());
      in_parallel(parts.count(), gradient_sums_part, parts);
      for (std::int64_t i = 0; i < round.blocks; ++i) {
        const block_sums added = added_sums(parts, i);
        const std::int64_t count = std::min<std::int64_t>(block, extents.channels - (first + i * block));
        for (std::int64_t k = 0; k < count; ++k) {
          const std::int64_t in_round = i * block + k, channel = first + in_round;
          const double sum_of_gradients = added.first[static_cast<std::size_t>(k)];
          const double weighted_sum = added.second[static_cast<std::size_t>(k)];
          if (dscale != nullptr) dscale[channel] = static_cast<float>(weighted_sum);
          if (dshift != nullptr) dshift[channel] = static_cast<float>(sum_of_gradients);
          if (frozen) continue;
          const double factor = static_cast<double>(scale[channel]) / values;
          unweighted[static_cast<std::size_t>(in_round)] = static_cast<float>(sum_of_gradients * factor);
          weighted[static_cast<std::size_t>(in_round)] = static_cast<float>(weighted_sum * factor);
        }
      }
    }
    if (results[0].data != nullptr)
      in_parallel(round.tiles(), differentiate_part, round_means{&round, unweighted.data(), weighted.data(), first});
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
