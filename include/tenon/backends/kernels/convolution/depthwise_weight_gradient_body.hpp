// SPDX-License-Identifier: Apache-2.0
// The kernels of depthwise_weight_gradient.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// Products of some positions of a grid's row with what they see through neighbouring taps.
struct tap_products {
  const float* grid;
  const float* image;  ///< of the first tap
  std::int64_t count;
  std::int64_t image_step;  ///< floats between the positions' columns
  std::int64_t tap_step;    ///< floats between the taps' columns
};

/// Adds to a sum a tap, `Chains` positions at a time, so that additions don't wait for one another. A row is summed on
/// its own first: sums of like size lose less.
template <std::size_t Taps, std::size_t Chains, std::size_t... Item>
TENON_KERNEL_INLINE void add_taps(const tap_products& of, float* sums, std::index_sequence<Item...>) {
  vec sum[] = {(static_cast<void>(Item), vec{})...};
  const float *grid = of.grid, *image = of.image;
  const std::int64_t step = of.image_step, tap = of.tap_step;
  std::int64_t i = 0;
  constexpr auto chains = static_cast<std::int64_t>(Chains);
  for (; i + chains <= of.count; i += chains) {
    ((sum[Item] += load(grid + Item / Taps * block) * load(image + static_cast<std::int64_t>(Item / Taps) * step +
                                                           static_cast<std::int64_t>(Item % Taps) * tap)),
     ...);
    grid += Chains * block;
    image += static_cast<std::int64_t>(Chains) * step;
  }
  for (; i < of.count; ++i, grid += block, image += step)
    ((Item < Taps
          ? static_cast<void>(sum[Item] += load(grid) * load(image + static_cast<std::int64_t>(Item % Taps) * tap))
          : void()),
     ...);
  ((Item < Taps ? void() : static_cast<void>(sum[Item % Taps] += sum[Item])), ...);
  ((Item < Taps ? store(sums + Item % Taps * block, load(sums + Item % Taps * block) + sum[Item]) : void()), ...);
}

template <std::size_t Taps, std::size_t Chains>
TENON_KERNEL inline void add_taps(const tap_products& of, float* sums) {
  add_taps<Taps, Chains>(of, sums, std::make_index_sequence<Taps * Chains>());
}

/// Adds what a row of the grid sees in a row of the image, of one lane on; sums are of the row's taps.
TENON_KERNEL inline void add_row(const tap_rows& rows, const float* grid, const float* image, float* sums) {
  if (rows.phase_count() == 0) return;
  const row_phase& all_taps = rows.phases()[0];
  const std::int64_t step = rows.along().step, together_most = 3;
  for (std::int64_t first = 0; first < all_taps.tap_count;) {
    const row_tap* const taps = all_taps.taps + first;
    const std::int64_t count = std::min(together_most, all_taps.tap_count - first);
    std::int64_t begin = 0, end = rows.along().destination;
    for (std::int64_t t = 0; t < count; ++t) {
      begin = std::max(begin, taps[t].begin);
      end = std::min(end, taps[t].end);
    }
    // Positions that see the image through all of these taps, then the others tap by tap.
    const bool together = count == together_most && begin < end;
    if (together)
      add_taps<3, 4>({grid + begin * block, image + (begin * step + taps[0].column) * block, end - begin, step * block,
                      (taps[1].column - taps[0].column) * block},
                     sums + taps[0].tap * block);
    for (std::int64_t t = 0; t < count; ++t) {
      const row_tap& tap = taps[t];
      const std::int64_t edges[] = {tap.begin, together ? begin : tap.end, together ? end : tap.end, tap.end};
      for (int e = 0; e < 4; e += 2)
        if (edges[e] < edges[e + 1])
          add_taps<1, 8>({grid + edges[e] * block, image + (edges[e] * step + tap.column) * block,
                          edges[e + 1] - edges[e], step * block, 0},
                         sums + tap.tap * block);
    }
    first += count;
  }
}

/// The sums of parts and blocks, counted parts outermost.
template <class Arguments>
TENON_KERNEL inline void depthwise_sums_part(const Arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t taps = of.taps(), row_taps = of.rows->along().taps;
  for (std::int64_t item = begin; item < end; ++item) {
    float* const sums = of.sums + item * (taps + 1) * block;
    std::fill_n(sums, (taps + 1) * block, 0.0f);
    const std::int64_t part = item / of.image_extents.blocks, at_block = item % of.image_extents.blocks;
    const std::int64_t plane_rows = of.positions.depth * of.positions.height, rows = of.positions.batch * plane_rows;
    for (std::int64_t row = rows * part / of.parts; row < rows * (part + 1) / of.parts; ++row) {
      const std::int64_t plane = row / plane_rows * of.image_extents.blocks + at_block;
      const std::int64_t d = row % plane_rows / of.positions.height, h = row % of.positions.height;
      const float* const grid = of.grid + (plane * plane_rows + row % plane_rows) * of.positions.width * block;
      for (std::int64_t i = 0; i < of.depth.taps; ++i) {
        const std::int64_t from_depth = of.depth.position_of(d, i);
        if (from_depth < 0) continue;
        for (std::int64_t k = 0; k < of.height.taps; ++k) {
          const std::int64_t from_height = of.height.position_of(h, k);
          if (from_height < 0) continue;
          const std::int64_t from =
              (plane * of.image_extents.depth + from_depth) * of.image_extents.height + from_height;
          for (int lane = 0; lane < block; lane += width)
            add_row(*of.rows, grid + lane, of.image + from * of.image_extents.width * block + lane,
                    sums + (i * of.height.taps + k) * row_taps * block + lane);
        }
      }
    }
    if (of.bias_gradient == nullptr) continue;
    const std::int64_t dy_rows = of.dy_extents.depth * of.dy_extents.height, all_rows = of.dy_extents.batch * dy_rows;
    for (std::int64_t row = all_rows * part / of.parts; row < all_rows * (part + 1) / of.parts; ++row) {
      const std::int64_t plane = row / dy_rows * of.image_extents.blocks + at_block;
      const float* const dy = of.dy + (plane * dy_rows + row % dy_rows) * of.dy_extents.width * block;
      for (int lane = 0; lane < block; lane += width) {
        vec sum = {};
        for (std::int64_t w = 0; w < of.dy_extents.width; ++w) sum += load(dy + w * block + lane);
        store(sums + taps * block + lane, load(sums + taps * block + lane) + sum);
      }
    }
  }
}

/// Adds up the parts of blocks begin to end - 1 and writes the gradients.
template <class Arguments>
TENON_KERNEL inline void join_depthwise_part(const Arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t taps = of.taps();
  for (std::int64_t at_block = begin; at_block < end; ++at_block) {
    const std::int64_t channel = at_block * block,
                       channels = std::min<std::int64_t>(block, of.image_extents.channels - channel);
    for (std::int64_t tap = 0; tap <= taps; ++tap) {
      alignas(64) float total[block] = {};
      for (std::int64_t part = 0; part < of.parts; ++part) {
        const float* const sums = of.sums + ((part * of.image_extents.blocks + at_block) * (taps + 1) + tap) * block;
        for (int lane = 0; lane < block; lane += width) store(total + lane, load(total + lane) + load(sums + lane));
      }
      if (tap < taps)
        for (std::int64_t c = 0; c < channels; ++c) of.gradient[(channel + c) * taps + tap] = total[c];
      else if (of.bias_gradient != nullptr)
        std::copy_n(total, channels, of.bias_gradient + channel);
    }
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
