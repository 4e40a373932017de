// SPDX-License-Identifier: Apache-2.0
// Average pooling by sliding and by adaptive windows, and its gradient.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_AVERAGE_POOLING_HPP
#    define TENON_BACKENDS_KERNELS_AVERAGE_POOLING_HPP

#    include <algorithm>
#    include <array>
#    include <cstring>
#    include <span>
#    include <utility>

#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"
#    include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// The windows of an average pooling along one dimension: sliding, or adaptive where the kernel is 0.
struct averaged_windows {
  std::int64_t extent, windows;  ///< of the image, of the result
  std::int64_t kernel = 0, stride = 1, padding = 0;
  bool counts_padding = false;

  averaged_windows(std::int64_t image, std::int64_t result) : extent(image), windows(result) {}
  averaged_windows(const attributes& attribute, std::size_t dimension, std::int64_t image, std::int64_t result)
      : extent(image),
        windows(result),
        kernel(attribute.kernel[dimension]),
        stride(attribute.stride[dimension]),
        padding(attribute.padding_begin[dimension]),
        counts_padding(attribute.counts_padding) {}

  // The pixels of window i inside the image, and how many count for its mean.
  std::int64_t begin(std::int64_t i) const {
    return kernel == 0 ? i * extent / windows : std::max<std::int64_t>(i * stride - padding, 0);
  }
  std::int64_t end(std::int64_t i) const {
    return kernel == 0 ? divide_up((i + 1) * extent, windows) : std::min(i * stride - padding + kernel, extent);
  }
  std::int64_t count(std::int64_t i) const { return counts_padding ? kernel : end(i) - begin(i); }
  bool count_alike() const { return kernel == 0 ? extent % windows == 0 : counts_padding || padding == 0; }

  // The windows over a pixel; none if the first is behind the last.
  std::int64_t first_over(std::int64_t pixel) const {
    if (kernel == 0) return pixel * windows / extent;
    return pixel + padding < kernel ? 0 : (pixel + padding - kernel) / stride + 1;
  }
  std::int64_t last_over(std::int64_t pixel) const {
    if (kernel == 0) return divide_up((pixel + 1) * windows, extent) - 1;
    return std::min((pixel + padding) / stride, windows - 1);
  }
};

/// An average pooling's work: x to y, or dy to dx.
struct averaging {
  geometry image, grid;
  std::array<averaged_windows, 3> windows;  ///< depth, height, width
  const float* from;
  float* to;
  double* sums = nullptr;  ///< of parts of windows, if there are any
  std::int64_t parts = 1;  ///< of a window
  float share = 0;         ///< one over what every window counts; 0 where windows differ

  std::int64_t count(std::int64_t d, std::int64_t h, std::int64_t w) const {
    return windows[0].count(d) * windows[1].count(h) * windows[2].count(w);
  }
  float share_of(std::int64_t d, std::int64_t h, std::int64_t w) const {
    return 1.0f / static_cast<float>(count(d, h, w));
  }
  std::int64_t windows_in_all() const { return grid.planes() * grid.pixels; }
};

/// The pixels of a window, in any block plane. They are summed in pieces: at most so many pixels of one row. Rows that
/// follow one another without gaps are taken for one.
struct averaged_box {
  static constexpr std::int64_t piece_pixels = 64;
  std::int64_t first, extent[3], row_pieces;
  std::int64_t count;  ///< what the sum is divided by

  /// The window at a position of the result, counted over its depth, height and width.
  averaged_box(const averaging& of, std::int64_t position) {
    const std::int64_t at[] = {position / (of.grid.height * of.grid.width), position / of.grid.width % of.grid.height,
                               position % of.grid.width};
    std::int64_t begin[3];
    for (std::size_t d = 0; d < 3; ++d) {
      begin[d] = of.windows[d].begin(at[d]);
      extent[d] = of.windows[d].end(at[d]) - begin[d];
    }
    first = (begin[0] * of.image.height + begin[1]) * of.image.width + begin[2];
    count = of.count(at[0], at[1], at[2]);
    if (extent[2] == of.image.width) {
      const bool planes_too = extent[1] == of.image.height;
      extent[2] *= std::exchange(extent[1], 1);
      if (planes_too) extent[2] *= std::exchange(extent[0], 1);
    }
    row_pieces = divide_up(extent[2], piece_pixels);
  }

  std::int64_t pixels() const { return extent[0] * extent[1] * extent[2]; }
  std::int64_t pieces() const { return extent[0] * extent[1] * row_pieces; }
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#    define TENON_KERNEL_FILE "tenon/backends/kernels/average_pooling.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Adds pixels of one row, some of them at once, for additions wait for each other otherwise.
template <std::size_t... Sum>
TENON_KERNEL_INLINE vec sum_of_pixels(const float* x, std::int64_t pixels, std::index_sequence<Sum...>) {
  constexpr std::int64_t together = sizeof...(Sum);
  vec sums[] = {(static_cast<void>(Sum), vec{})...};
  std::int64_t i = 0;
  for (; i + together <= pixels; i += together, x += together * block) ((sums[Sum] += load(x + Sum * block)), ...);
  for (; i < pixels; ++i, x += block) sums[0] += load(x);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// Rows of small windows.
TENON_KERNEL inline void average_rows_part(const averaging& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / (of.grid.depth * of.grid.height);
    const std::int64_t d = row / of.grid.height % of.grid.depth, h = row % of.grid.height;
    const std::int64_t first_d = of.windows[0].begin(d), last_d = of.windows[0].end(d);
    const std::int64_t first_h = of.windows[1].begin(h), last_h = of.windows[1].end(h);
    for (std::int64_t w = 0; w < of.grid.width; ++w) {
      const std::int64_t first_w = of.windows[2].begin(w), pixels = of.windows[2].end(w) - first_w;
      const float share = of.share != 0 ? of.share : of.share_of(d, h, w);
      for (int lane = 0; lane < block; lane += width) {
        vec sum = {};
        for (std::int64_t i = first_d; i < last_d; ++i)
          for (std::int64_t j = first_h; j < last_h; ++j) {
            const float* x =
                of.from + (((plane * of.image.depth + i) * of.image.height + j) * of.image.width + first_w) * block;
            for (std::int64_t k = 0; k < pixels; ++k, x += block) sum += load(x + lane);
          }
        store(of.to + (row * of.grid.width + w) * block + lane, sum * share);
      }
    }
  }
}

/// Sums pieces of a window for every channel of a block, whose plane begins at x; in double, for there may be many.
TENON_KERNEL_INLINE void sum_pieces(const averaging& of, const averaged_box& box, const float* x, std::int64_t first,
                                    std::int64_t last, double* sums) {
  typedef double wide_vec __attribute__((vector_size(width * 8)));
  wide_vec totals[block / width] = {};
  std::int64_t in_row = first % box.row_pieces, row = first / box.row_pieces;
  for (std::int64_t piece = first; piece < last; ++piece) {
    const std::int64_t line = (row / box.extent[1] * of.image.height + row % box.extent[1]) * of.image.width;
    const std::int64_t skipped = in_row * averaged_box::piece_pixels;
    const std::int64_t pixels = std::min(averaged_box::piece_pixels, box.extent[2] - skipped);
    for (int lane = 0; lane < block; lane += width)
      totals[lane / width] += __builtin_convertvector(
          sum_of_pixels(x + (box.first + line + skipped) * block + lane, pixels, std::make_index_sequence<8>()),
          wide_vec);
    if (++in_row == box.row_pieces) {
      in_row = 0;
      ++row;
    }
  }
  std::memcpy(sums, totals, sizeof totals);
}

/// Large windows.
TENON_KERNEL inline void average_windows_part(const averaging& of, std::int64_t begin, std::int64_t end) {
  std::int64_t plane = begin / of.grid.pixels, position = begin % of.grid.pixels;
  averaged_box box(of, position);
  for (std::int64_t window = begin; window < end; ++window) {
    double sums[block];
    sum_pieces(of, box, of.from + plane * of.image.pixels * block, 0, box.pieces(), sums);
    for (int lane = 0; lane < block; ++lane)
      of.to[window * block + lane] = static_cast<float>(sums[lane] / static_cast<double>(box.count));
    if (++position == of.grid.pixels) {
      position = 0;
      ++plane;
    }
    if (of.grid.pixels > 1) box = averaged_box(of, position);
  }
}

/// Parts of few large windows.
TENON_KERNEL inline void sum_parts_part(const averaging& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t window = part / of.parts, of_window = part % of.parts;
    const averaged_box box(of, window % of.grid.pixels);
    const float* const x = of.from + window / of.grid.pixels * of.image.pixels * block;
    sum_pieces(of, box, x, box.pieces() * of_window / of.parts, box.pieces() * (of_window + 1) / of.parts,
               of.sums + part * block);
  }
}

inline void average_in_parts(averaging of) {
  std::array<double, most_parts * block> sums;
  of.sums = sums.data();
  in_parallel(of.windows_in_all() * of.parts, sum_parts_part, of);
  for (std::int64_t window = 0; window < of.windows_in_all(); ++window) {
    const auto count = static_cast<double>(averaged_box(of, window % of.grid.pixels).count);
    for (int lane = 0; lane < block; ++lane) {
      double sum = 0;
      for (std::int64_t part = 0; part < of.parts; ++part) sum += of.sums[(window * of.parts + part) * block + lane];
      of.to[window * block + lane] = static_cast<float>(sum / count);
    }
  }
}

/// Chooses by the windows' size and number alone, so that sums do not depend on the thread count.
inline void average(averaging of) {
  constexpr std::int64_t small = 64, part_pixels = 2048;
  const std::int64_t windows = of.windows_in_all(), pixels = averaged_box(of, 0).pixels();
  if (of.windows[0].kernel != 0 && pixels <= small)
    return in_parallel(of.grid.planes() * of.grid.depth * of.grid.height, average_rows_part, of);
  of.parts = std::clamp<std::int64_t>(most_parts / windows, 1, divide_up(pixels, part_pixels));
  if (of.parts == 1) return in_parallel(windows, average_windows_part, of);
  average_in_parts(of);
}

/// Rows of the image: a pixel takes its share of every window over it.
TENON_KERNEL inline void spread_average_part(const averaging& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / (of.image.depth * of.image.height);
    const std::int64_t in_depth = row / of.image.height % of.image.depth, in_height = row % of.image.height;
    const std::int64_t first_d = of.windows[0].first_over(in_depth), last_d = of.windows[0].last_over(in_depth);
    const std::int64_t first_h = of.windows[1].first_over(in_height), last_h = of.windows[1].last_over(in_height);
    const averaged_windows& along = of.windows[2];
    float* to = of.to + row * of.image.width * block;
    std::int64_t first_w = 0, last_w = -1;
    for (std::int64_t pixel = 0; pixel < of.image.width;) {
      while (first_w < along.windows && along.end(first_w) <= pixel) ++first_w;
      while (last_w + 1 < along.windows && along.begin(last_w + 1) <= pixel) ++last_w;
      // The pixels up to here lie under the same windows.
      std::int64_t next = of.image.width;
      if (first_w < along.windows) next = std::min(next, along.end(first_w));
      if (last_w + 1 < along.windows) next = std::min(next, along.begin(last_w + 1));
      for (int lane = 0; lane < block; lane += width) {
        vec sum = {};
        for (std::int64_t d = first_d; d <= last_d; ++d)
          for (std::int64_t h = first_h; h <= last_h; ++h) {
            const std::int64_t line = (plane * of.grid.depth + d) * of.grid.height + h;
            const float* const dy = of.from + line * of.grid.width * block + lane;
            if (of.share != 0) {
              for (std::int64_t w = first_w; w <= last_w; ++w) sum += load(dy + w * block);
            } else {
              for (std::int64_t w = first_w; w <= last_w; ++w) sum += load(dy + w * block) * of.share_of(d, h, w);
            }
          }
        if (of.share != 0) sum *= of.share;
        for (std::int64_t i = pixel; i < next; ++i) store(to + i * block + lane, sum);
      }
      pixel = next;
    }
  }
}

inline averaging with_share(averaging of) {
  const bool alike = of.windows[0].count_alike() && of.windows[1].count_alike() && of.windows[2].count_alike();
  if (alike) of.share = of.share_of(0, 0, 0);
  return of;
}

inline averaging sliding(const attributes& attribute, const operand& image, const operand& grid, const operand& from,
                         const operand& to) {
  const geometry pixels(image.extents, block), windows(grid.extents, block);
  return with_share({pixels,
                     windows,
                     {averaged_windows(attribute, 0, pixels.depth, windows.depth),
                      averaged_windows(attribute, 1, pixels.height, windows.height),
                      averaged_windows(attribute, 2, pixels.width, windows.width)},
                     from.as<const float>(),
                     to.as<float>()});
}

inline averaging adaptive(const operand& image, const operand& grid, const operand& from, const operand& to) {
  const geometry pixels(image.extents, block), windows(grid.extents, block);
  return with_share({pixels,
                     windows,
                     {averaged_windows(pixels.depth, windows.depth), averaged_windows(pixels.height, windows.height),
                      averaged_windows(pixels.width, windows.width)},
                     from.as<const float>(),
                     to.as<float>()});
}

inline void spread_average(const averaging& of) {
  in_parallel(of.image.planes() * of.image.depth * of.image.height, spread_average_part, of);
}

/// x -> y
inline void average_pool(const attributes& attribute, std::span<const operand> operands,
                         std::span<const operand> results) {
  average(sliding(attribute, operands[0], results[0], operands[0], results[0]));
}

/// dy -> dx
inline void average_pool_gradient(const attributes& attribute, std::span<const operand> operands,
                                  std::span<const operand> results) {
  spread_average(sliding(attribute, results[0], operands[0], operands[0], results[0]));
}

/// x -> y of the result's size
inline void adaptive_average_pool(std::span<const operand> operands, std::span<const operand> results) {
  average(adaptive(operands[0], results[0], operands[0], results[0]));
}

/// dy -> dx
inline void adaptive_average_pool_gradient(std::span<const operand> operands, std::span<const operand> results) {
  spread_average(adaptive(results[0], operands[0], operands[0], results[0]));
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
