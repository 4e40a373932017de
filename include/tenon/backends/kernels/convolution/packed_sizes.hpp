// SPDX-License-Identifier: Apache-2.0
// What plans need to know of the convolution kernels: how much memory their weights and partial sums take; constexpr.
#pragma once

#include <cstdint>

#include "tenon/core/ordering.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// The source channels that a block of result channels takes in.
struct channel_range {
  std::int64_t first, count;

  /// `to`, `from`: a group's channels of the result and of the source; `channels`: all of the result.
  constexpr channel_range(std::int64_t at_block, int block, std::int64_t channels, std::int64_t to, std::int64_t from)
      : first(at_block * block / to * from),
        count((lesser((at_block + 1) * block, channels) - 1) / to * from + from - first) {}
};

/// The floats of the packed weights of a direct convolution: for each block of result channels a vector for each tap
/// and source channel of its range.
constexpr std::int64_t packed_direct_weights(std::int64_t groups, std::int64_t to, std::int64_t from, std::int64_t taps,
                                             int block) {
  std::int64_t sum = 0;
  const std::int64_t channels = groups * to;
  if (groups == 1) return (channels + block - 1) / block * block * from * taps;
  if (to == 1 && from == 1) return channels * block * taps;
  for (std::int64_t i = 0; i * block < channels; ++i) sum += channel_range(i, block, channels, to, from).count;
  return sum * block * taps;
}

/// The most channels that count as few for a pointwise convolution: all of them are computed at once.
inline constexpr std::int64_t most_narrow_channels = 8;

/// How many channels the kernel is instantiated for, 4 or 8; those that are missing have weights of 0.
constexpr std::int64_t narrow_rows(std::int64_t channels) { return channels <= 4 ? 4 : most_narrow_channels; }

/// The parts in which their weight gradient is summed.
inline constexpr std::int64_t narrow_parts = 16;

/// The floats of those parts' sums, with wide channels in whole blocks, and of the sums of either side.
constexpr std::int64_t narrow_gradient_sums(std::int64_t narrow, std::int64_t wide) {
  return narrow_parts * ((narrow_rows(narrow) + 1) * wide + narrow_rows(narrow));
}

/// The most channels, and the longest kernel in each dimension, for which the kernels over contiguous rows are made.
inline constexpr std::int64_t most_row_channels = 8, most_row_taps = 7;

/// The parts in which their weight gradient is summed.
inline constexpr std::int64_t row_parts = 16;

/// The floats of those parts' sums: weights and a bias.
constexpr std::int64_t row_gradient_sums(std::int64_t weights, std::int64_t channels) {
  return row_parts * (weights + channels);
}

/// The most taps that the depthwise kernels take.
inline constexpr std::int64_t most_depthwise_taps = 343;

/// The parts in which a depthwise weight gradient is summed, for blocks of 16 channels and rows (along W, of all
/// images): enough for some threads, each of some rows.
constexpr std::int64_t depthwise_gradient_parts(std::int64_t channels, std::int64_t rows) {
  const std::int64_t blocks = (channels + 15) / 16;
  return greater<std::int64_t>(1, lesser((32 + blocks - 1) / blocks, (rows + 7) / 8));
}

/// The floats of those parts' sums: a block's taps, and its bias.
constexpr std::int64_t depthwise_gradient_sums(std::int64_t channels, std::int64_t rows, std::int64_t taps) {
  return depthwise_gradient_parts(channels, rows) * ((channels + 15) / 16 * 16) * (taps + 1);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
