// SPDX-License-Identifier: Apache-2.0
// The kernels of average_pooling.hpp: read once for each instruction set, by each_isa.hpp.

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
  const blocked_extents pixels(image.extents, block), windows(grid.extents, block);
  return with_share({pixels,
                     windows,
                     {averaged_windows(attribute, 0, pixels.depth, windows.depth),
                      averaged_windows(attribute, 1, pixels.height, windows.height),
                      averaged_windows(attribute, 2, pixels.width, windows.width)},
                     from.as<const float>(),
                     to.as<float>()});
}

inline averaging adaptive(const operand& image, const operand& grid, const operand& from, const operand& to) {
  const blocked_extents pixels(image.extents, block), windows(grid.extents, block);
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
