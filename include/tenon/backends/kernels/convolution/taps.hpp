// SPDX-License-Identifier: Apache-2.0
// What the elements of a convolution's result read: taps of each dimension, and rows cut where their taps change.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/core/shape.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

// A convolution's result reads its source at p * stride - padding + tap * dilation. A data gradient, and a transposed
// convolution, read theirs as well: at (p + padding - tap * dilation) / stride, where that is a whole number. Here with
// a kernel of 3, stride 2, padding 1:
//
//     convolution                          data gradient, transposed convolution
//
//     source   0 1 2 3 4 5                 source    0       1       2
//             \|/ \|/ \|/                          |\     /|\     /|
//     result   0   1   2                   result    0   1   2   3   4   5
//                                          phase 0: positions 0, 2, 4, which read tap 1
//                                          phase 1: positions 1, 3, 5, which read taps 0 and 2

/// What positions of one dimension read of the source: at (p * step + first + tap * increment) / divisor, if that is
/// whole and inside. Step or divisor is 1.
struct tap_dimension {
  std::int64_t source = 1, destination = 1, taps = 1, step = 1, divisor = 1, first = 0, increment = 0;

  tap_dimension() = default;
  /// `strided`: the convolution's own way; else its adjoint's.
  tap_dimension(const attributes& attribute, const shape& from, const shape& to, int dimension, bool strided)
      : source(from.spatial(dimension)), destination(to.spatial(dimension)) {
    const auto d = static_cast<std::size_t>(dimension);
    taps = attribute.kernel[d];
    (strided ? step : divisor) = attribute.stride[d];
    first = strided ? -attribute.padding_begin[d] : attribute.padding_begin[d];
    increment = strided ? attribute.dilation[d] : -attribute.dilation[d];
  }

  /// What position p reads at a tap, or -1.
  std::int64_t position_of(std::int64_t p, std::int64_t tap) const {
    const std::int64_t at = p * step + first + tap * increment;
    if (divisor == 1) return at < source ? std::max<std::int64_t>(at, -1) : -1;
    return at >= 0 && at % divisor == 0 && at / divisor < source ? at / divisor : -1;
  }
};

/// A tap of every divisor-th position of a row: position i of them reads column i * step + column, if begin <= i < end.
struct row_tap {
  std::int64_t tap, column, begin, end;
};

/// Positions first, first + divisor, ... of a row: they have taps in common.
struct row_phase {
  std::int64_t first, count;
  const row_tap* taps;
  std::int64_t tap_count;
};

/// Positions begin to end - 1 of a phase that all read the same taps inside the source.
struct row_segment {
  std::int64_t first, begin, end;
  const row_tap* taps;
  std::int64_t tap_count;
};

/// The rows (along W) of a result: their phases and segments. What a convolution's step makes once.
class tap_rows {
 public:
  tap_rows() = default;
  explicit tap_rows(const tap_dimension& along) : along_(along) {
    const std::int64_t most_segments = 2 * along.taps + along.divisor;
    phases_ = std::make_unique<row_phase[]>(static_cast<std::size_t>(along.divisor));
    segments_ = std::make_unique<row_segment[]>(static_cast<std::size_t>(most_segments));
    taps_ = std::make_unique<row_tap[]>(static_cast<std::size_t>(along.taps * (most_segments + 1)));
    end_ = taps_.get();
    for (std::int64_t first = 0; first < std::min(along.divisor, along.destination); ++first) {
      add_phase(first);
      cut(phases_[static_cast<std::size_t>(phase_count_ - 1)]);
    }
  }

  const tap_dimension& along() const { return along_; }
  const row_phase* phases() const { return phases_.get(); }
  std::int64_t phase_count() const { return phase_count_; }
  const row_segment* segments() const { return segments_.get(); }
  std::int64_t segment_count() const { return segment_count_; }

 private:
  void add_phase(std::int64_t first) {
    row_phase phase{first, (along_.destination - first + along_.divisor - 1) / along_.divisor, end_, 0};
    for (std::int64_t tap = 0; tap < along_.taps; ++tap) {
      const std::int64_t at = first * along_.step + along_.first + tap * along_.increment;
      if (at % along_.divisor != 0) continue;
      const std::int64_t column = at / along_.divisor, step = along_.step;
      const std::int64_t begin = column >= 0 ? 0 : (step - 1 - column) / step;
      const std::int64_t room = along_.source - column;
      const std::int64_t end = room <= 0 ? 0 : std::min(phase.count, (room + step - 1) / step);
      if (begin < end) *end_++ = {tap, column, begin, end};
    }
    phase.tap_count = end_ - phase.taps;
    phases_[static_cast<std::size_t>(phase_count_++)] = phase;
  }

  /// Adds the segments of a phase.
  void cut(const row_phase& phase) {
    for (std::int64_t begin = 0; begin < phase.count;) {
      row_segment segment{phase.first, begin, phase.count, end_, 0};
      for (std::int64_t i = 0; i < phase.tap_count; ++i) {
        const row_tap& tap = phase.taps[i];
        if (tap.begin > begin) segment.end = std::min(segment.end, tap.begin);
        if (tap.end > begin) segment.end = std::min(segment.end, tap.end);
        if (tap.begin <= begin && begin < tap.end) *end_++ = tap;
      }
      segment.tap_count = end_ - segment.taps;
      segments_[static_cast<std::size_t>(segment_count_++)] = segment;
      begin = segment.end;
    }
  }

  tap_dimension along_;
  std::unique_ptr<row_phase[]> phases_;
  std::unique_ptr<row_segment[]> segments_;
  std::unique_ptr<row_tap[]> taps_;
  row_tap* end_ = nullptr;
  std::int64_t phase_count_ = 0, segment_count_ = 0;
};

/// A convolution, transposed convolution or data gradient as kernels of ours compute it.
struct direct_arguments {
  const float* source;
  const float* weights;               ///< packed
  const std::int64_t* block_weights;  ///< where each block's begin
  const float* bias;                  ///< nullptr: none; padded with zeros to whole blocks
  const float* residual;              ///< nullptr: none; it lies as the result does
  float* result;
  activation function = activation::none;
  float slope = 0;
  blocked_extents from, to;
  std::int64_t groups;
  std::int64_t source_pixel, source_channel, source_block, source_image;  ///< distances in floats
  tap_dimension depth, height;
  const tap_rows* rows;

  std::int64_t rows_of_plane() const { return to.depth * to.height; }
  std::int64_t taps() const { return depth.taps * height.taps * rows->along().taps; }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon
