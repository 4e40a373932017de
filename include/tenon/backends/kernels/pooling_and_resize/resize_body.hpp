// SPDX-License-Identifier: Apache-2.0
// The kernels of resize.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The result at a column, from the rows that are read.
TENON_KERNEL_INLINE vec interpolated(const resizing& of, const float* const* rows, const float* weights, int count,
                                     std::int64_t column, int lane) {
  const line_source w = of.width(column);
  vec first = {}, second = {};
  for (int i = 0; i < count; ++i) {
    first += weights[i] * load(rows[i] + w.first * block + lane);
    second += weights[i] * load(rows[i] + w.second * block + lane);
  }
  return first + w.share * (second - first);
}

/// Rows of the result.
template <layout Arrangement>
TENON_KERNEL inline void resize_part(const resizing& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / (of.to.depth * of.to.height), in_plane = row % (of.to.depth * of.to.height);
    const line_source d = of.depth(in_plane / of.to.height), h = of.height(in_plane % of.to.height);
    // The rows that are read and their weights, those without weight left out.
    const float* rows[4];
    float weights[4];
    int count = 0;
    for (int i = 0; i < 4; ++i) {
      const float weight = (i & 2 ? d.share : 1 - d.share) * (i & 1 ? h.share : 1 - h.share);
      if (weight == 0) continue;
      const std::int64_t source = (plane * of.from.depth + (i & 2 ? d.second : d.first)) * of.from.height;
      rows[count] = of.read + (source + (i & 1 ? h.second : h.first)) * of.from.width * block;
      weights[count++] = weight;
    }
    if constexpr (Arrangement == layout::contiguous) {
      const std::int64_t image = plane / of.to.blocks, channel = plane % of.to.blocks * block;
      for (int lane = 0; lane < block && channel + lane < of.to.channels; lane += width)
        for (std::int64_t column = 0; column < of.to.width; column += width) {
          vec square[width];
          for (int i = 0; i < width; ++i)
            square[i] = column + i < of.to.width ? interpolated(of, rows, weights, count, column + i, lane) : vec{};
          transpose(square);
          float* const y =
              of.written + ((image * of.to.channels + channel + lane) * of.to.pixels + in_plane * of.to.width) + column;
          for (std::int64_t i = 0; i < width && channel + lane + i < of.to.channels; ++i)
            store_some(y + i * of.to.pixels, square[i], of.to.width - column);
        }
    } else {
      float* y = of.written + row * of.to.width * block;
      for (std::int64_t column = 0; column < of.to.width; ++column, y += block)
        for (int lane = 0; lane < block; lane += width)
          store(y + lane, interpolated(of, rows, weights, count, column, lane));
    }
  }
}

/// x -> y of the result's size; y blocked or contiguous
inline void resize(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const resizing of(attribute.interpolation, blocked_extents(operands[0].extents, block),
                    blocked_extents(results[0].extents, block), operands[0].as<const float>(), results[0].as<float>());
  const bool writes_contiguous = results[0].arrangement == layout::contiguous;
  in_parallel(of.to.planes() * of.to.depth * of.to.height,
              writes_contiguous ? resize_part<layout::contiguous> : resize_part<layout::blocked>, of);
}

/// `width` columns of a row of dy, of which `columns` are there, as vectors of channels from (image, channel) on.
/// `offset` is the first column's place in its plane.
template <layout Arrangement>
TENON_KERNEL_INLINE void load_columns(const resizing& of, std::int64_t plane, int lane, std::int64_t offset,
                                      std::int64_t columns, vec* gradients) {
  if constexpr (Arrangement == layout::contiguous) {
    const std::int64_t image = plane / of.to.blocks, channel = plane % of.to.blocks * block + lane;
    for (std::int64_t i = 0; i < width; ++i)
      gradients[i] = channel + i < of.to.channels
                         ? load_some(of.read + (image * of.to.channels + channel + i) * of.to.pixels + offset, columns)
                         : vec{};
    transpose(gradients);
  } else {
    for (std::int64_t i = 0; i < width && i < columns; ++i)
      gradients[i] = load(of.read + (plane * of.to.pixels + offset + i) * block + lane);
  }
}

/// Adds a row of dy, times a weight, to a row of dx. Sources never go back, so two sums walk along in registers.
template <layout Arrangement>
TENON_KERNEL_INLINE void spread_row(const resizing& of, std::int64_t plane, std::int64_t offset, float weight,
                                    float* dx) {
  const resized_line& line = of.width;
  for (int lane = 0; lane < block; lane += width) {
    std::int64_t current = 0;
    vec here = {}, next = {};
    vec gradients[width];
    for (std::int64_t column = 0; column < line.to; ++column) {
      if (column % width == 0) {
        load_columns<Arrangement>(of, plane, lane, offset + column, line.to - column, gradients);
      }
      const line_source at = line(column);
      if (at.first != current) {
        float* const to = dx + current * block + lane;
        store(to, load(to) + here);
        if (at.first != current + 1) {
          // Only a source before the last has one beside it.
          if (current + 1 < line.from) store(to + block, load(to + block) + next);
          next = vec{};
        }
        here = next;
        next = vec{};
        current = at.first;
      }
      const vec gradient = weight * gradients[column % width];
      const float share = at.second == at.first ? 0.0f : at.share;
      here += (1 - share) * gradient;
      next += share * gradient;
    }
    float* const to = dx + current * block + lane;
    store(to, load(to) + here);
    if (current + 1 < line.from) store(to + block, load(to + block) + next);
  }
}

/// Rows of dx, each of which gathers from the rows of dy that read it.
template <layout Arrangement>
TENON_KERNEL inline void resize_gradient_part(const resizing& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / (of.from.depth * of.from.height),
                       in_plane = row % (of.from.depth * of.from.height);
    const std::int64_t d = in_plane / of.from.height, h = in_plane % of.from.height;
    float* const dx = of.written + row * of.from.width * block;
    std::fill_n(dx, of.from.width * block, 0.0f);
    for (std::int64_t i = of.depth.first_reader(d); i < of.to.depth; ++i) {
      const line_source depth = of.depth(i);
      if (depth.first > d) break;
      const float depth_weight = resized_line::share_of(depth, d);
      for (std::int64_t j = of.height.first_reader(h); j < of.to.height; ++j) {
        const line_source height = of.height(j);
        if (height.first > h) break;
        const float weight = depth_weight * resized_line::share_of(height, h);
        if (weight == 0) continue;
        spread_row<Arrangement>(of, plane, (i * of.to.height + j) * of.to.width, weight, dx);
      }
    }
  }
}

/// dy -> dx; dy blocked or contiguous
inline void resize_gradient(const attributes& attribute, std::span<const operand> operands,
                            std::span<const operand> results) {
  const resizing of(attribute.interpolation, blocked_extents(results[0].extents, block),
                    blocked_extents(operands[0].extents, block), operands[0].as<const float>(), results[0].as<float>());
  const bool reads_contiguous = operands[0].arrangement == layout::contiguous;
  in_parallel(of.from.planes() * of.from.depth * of.from.height,
              reads_contiguous ? resize_gradient_part<layout::contiguous> : resize_gradient_part<layout::blocked>, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
