// SPDX-License-Identifier: Apache-2.0
// The kernels of depthwise_convolution.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The rows of the source that a row of the result sees, with the weights for them.
struct depthwise_rows {
  struct row {
    const float* source;
    const float* weights;
  };
  row list[most_depthwise_taps];
  int count = 0;
};

/// Some neighbouring pixels of a segment, from one lane on.
struct depthwise_run {
  const row_segment* segment;
  std::int64_t source_step;  ///< floats between the pixels' sources
  std::int64_t source_first;
  const float* bias;
  const float* residual;
  float* to;
  std::int64_t to_step;
  int lane;
};

template <std::size_t... Pixel>
TENON_KERNEL_INLINE void sum_pixels(const depthwise_rows& rows, const depthwise_run& run,
                                    std::index_sequence<Pixel...>) {
  const vec bias = run.bias == nullptr ? vec{} : load(run.bias);
  vec sum[] = {(static_cast<void>(Pixel), bias)...};
  const std::int64_t step = run.source_step;
  for (int r = 0; r < rows.count; ++r) {
    const float* const source = rows.list[r].source + run.source_first;
    const float* const weights = rows.list[r].weights + run.lane;
    for (std::int64_t t = 0; t < run.segment->tap_count; ++t) {
      const row_tap& tap = run.segment->taps[t];
      const vec weight = load(weights + tap.tap * block);
      const float* const from = source + tap.column * block;
      ((sum[Pixel] += weight * load(from + static_cast<std::int64_t>(Pixel) * step)), ...);
    }
  }
  if (run.residual != nullptr)
    ((sum[Pixel] += load(run.residual + static_cast<std::int64_t>(Pixel) * run.to_step)), ...);
  ((store(run.to + static_cast<std::int64_t>(Pixel) * run.to_step, sum[Pixel])), ...);
}

template <std::size_t Pixels>
TENON_KERNEL inline void sum_pixels(const depthwise_rows& rows, const depthwise_run& run) {
  sum_pixels(rows, run, std::make_index_sequence<Pixels>());
}

template <class Arguments>
TENON_KERNEL inline void depthwise_row(const Arguments& of, const depthwise_rows& rows, const float* bias,
                                       const float* residual, float* to) {
  const tap_dimension& along = of.rows->along();
  for (std::int64_t s = 0; s < of.rows->segment_count(); ++s) {
    const row_segment& segment = of.rows->segments()[s];
    for (int lane = 0; lane < block; lane += width) {
      depthwise_run run{&segment, along.step * block,    0,   bias == nullptr ? nullptr : bias + lane, nullptr,
                        nullptr,  along.divisor * block, lane};
      for (std::int64_t i = segment.begin; i < segment.end;) {
        const std::int64_t at = (segment.first + i * along.divisor) * block + lane, left = segment.end - i;
        run.source_first = i * along.step * block + lane;
        run.residual = residual == nullptr ? nullptr : residual + at;
        run.to = to + at;
        const int pixels = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        if (pixels == 8)
          sum_pixels<8>(rows, run);
        else if (pixels == 4)
          sum_pixels<4>(rows, run);
        else if (pixels == 2)
          sum_pixels<2>(rows, run);
        else
          sum_pixels<1>(rows, run);
        i += pixels;
      }
    }
  }
}

/// Rows begin to end - 1, counted over all block planes.
template <class Arguments>
TENON_KERNEL inline void depthwise_part(const Arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t row_taps = of.rows->along().taps, source_row = of.from.width * block;
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t plane = item / of.rows_of_plane(), row = item % of.rows_of_plane();
    const std::int64_t d = row / of.to.height, h = row % of.to.height, at_block = plane % of.to.blocks;
    depthwise_rows rows;
    for (std::int64_t i = 0; i < of.depth.taps; ++i) {
      const std::int64_t from_depth = of.depth.position_of(d, i);
      if (from_depth < 0) continue;
      for (std::int64_t k = 0; k < of.height.taps; ++k) {
        const std::int64_t from_height = of.height.position_of(h, k);
        if (from_height < 0) continue;
        const std::int64_t source = (plane * of.from.depth + from_depth) * of.from.height + from_height;
        const std::int64_t weights = (at_block * of.depth.taps + i) * of.height.taps + k;
        rows.list[rows.count++] = {of.source + source * source_row, of.weights + weights * row_taps * block};
      }
    }
    const std::int64_t first = item * of.to.width * block;
    const float* const bias = of.bias == nullptr ? nullptr : of.bias + at_block * block;
    depthwise_row(of, rows, bias, of.residual == nullptr ? nullptr : of.residual + first, of.result + first);
    apply_epilogue(of.function, of.slope, of.result + first, of.to.width, of.to.channels - at_block * block);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
