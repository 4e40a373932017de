// SPDX-License-Identifier: Apache-2.0
// The kernels of group_norm_gradient.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Where the sums of a round's gradients go.
struct group_gradient_sums {
  float* dscale;        ///< of each channel, images added; may be nullptr
  float* dshift;        ///< the same
  float* unweighted;    ///< the mean of scale * dy of each group, from the round's first on
  float* weighted;      ///< the mean of scale * dy * normalized(x)
  std::int64_t groups;  ///< how many groups are written
};

inline void add_to(float* sums, std::int64_t image, std::int64_t channel, double more) {
  if (sums != nullptr) sums[channel] = static_cast<float>(more) + (image == 0 ? 0 : sums[channel]);
}

/// Sums up the gradients of all groups of a round's planes.
inline void sum_group_gradients(const norm_round& of, group_gradient_sums& to) {
  const blocked_extents& extents = of.extents;
  const std::int64_t size = extents.channels / of.parameters.groups;
  const auto values = static_cast<double>(size * extents.pixels);
  const float* const scale = of.parameters.scale;
  std::array<block_sums, most_norm_parts> sums;
  double unweighted = 0, weighted = 0;  // of the group whose channels come next
  norm_round round = of;
  for (std::int64_t done = 0; done < of.blocks; done += most_norm_parts) {
    round.first_block = of.first_block + done;
    round.blocks = std::min(most_norm_parts, of.blocks - done);
    const round_parts parts(round, sums.data());
    in_parallel(parts.count(), gradient_sums_part, parts);
    for (std::int64_t i = 0; i < round.blocks; ++i) {
      const block_sums added = added_sums(parts, i);
      const std::int64_t image = (round.first_block + i) / extents.blocks;
      const std::int64_t first = (round.first_block + i) % extents.blocks * block;
      for (std::int64_t channel = first; channel < std::min(first + block, extents.channels); ++channel) {
        const double sum_of_gradients = added.first[static_cast<std::size_t>(channel - first)];
        const double weighted_sum = added.second[static_cast<std::size_t>(channel - first)];
        add_to(to.dscale, image, channel, weighted_sum);
        add_to(to.dshift, image, channel, sum_of_gradients);
        const double factor = scale == nullptr ? 1 : static_cast<double>(scale[channel]);
        unweighted += factor * sum_of_gradients;
        weighted += factor * weighted_sum;
        if ((channel + 1) % size != 0) continue;
        to.unweighted[to.groups] = static_cast<float>(unweighted / values);
        to.weighted[to.groups] = static_cast<float>(weighted / values);
        ++to.groups;
        unweighted = weighted = 0;
      }
    }
  }
}

/// x, dy, [scale, shift], mean, variance -> dx, [dscale, dshift]; dx may overwrite x or dy. A result without memory is
/// left out.
inline void group_norm_gradient(const attributes& attribute, std::span<const operand> operands,
                                std::span<const operand> results) {
  const blocked_extents extents(operands[0].extents, block);
  norm_round round{operands[0].as<const float>(),
                   operand_at<role::output_gradient, operation::group_norm_gradient>(operands).as<const float>(),
                   nullptr,
                   results[0].as<float>(),
                   extents,
                   group_norm_parameters(operation::group_norm_gradient, attribute, operands),
                   norm_function(attribute)};
  std::array<float, most_groups> unweighted, weighted;
  std::int64_t groups_done = 0;
  for (; round.first_block < extents.planes(); round.first_block += round.blocks) {
    round.blocks = planes_at_once(extents, attribute.groups, round.first_block);
    group_gradient_sums sums{
        attribute.has_scale ? result_at<role::scale_gradient, operation::group_norm_gradient>(results).as<float>()
                            : nullptr,
        attribute.has_scale ? result_at<role::shift_gradient, operation::group_norm_gradient>(results).as<float>()
                            : nullptr,
        unweighted.data(), weighted.data(), 0};
    sum_group_gradients(round, sums);
    if (results[0].data != nullptr)
      in_parallel(round.tiles(), differentiate_part,
                  round_means{&round, unweighted.data(), weighted.data(), groups_done});
    groups_done += sums.groups;
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
