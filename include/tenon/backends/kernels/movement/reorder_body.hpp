// SPDX-License-Identifier: Apache-2.0
// The kernels of reorder.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The activation a square is read from or written to, in either layout.
struct square_view {
  float* data;
  layout arrangement;
  blocked_extents extents;

  explicit square_view(const operand& of)
      : data(of.as<float>()), arrangement(of.arrangement), extents(of.extents, block) {}
  /// The element (image, channel, pixel) of a contiguous tensor.
  float* element(std::int64_t image, std::int64_t channel, std::int64_t pixel) const {
    return data + (image * extents.channels + channel) * extents.pixels + pixel;
  }
  float* blocked(std::int64_t image, std::int64_t channel, std::int64_t pixel) const {
    return data + ((image * extents.blocks + channel / block) * extents.pixels + pixel) * block + channel % block;
  }
};

/// Reads `width` channels of `width` pixels from (channel, pixel) on, a row a channel; what lies outside is zero.
TENON_KERNEL_INLINE void load_square(const square_view& from, std::int64_t image, std::int64_t channel,
                                     std::int64_t pixel, vec* rows) {
  const std::int64_t pixels = from.extents.pixels - pixel, channels = from.extents.channels - channel;
  if (from.arrangement == layout::contiguous) {
    for (int i = 0; i < width; ++i)
      rows[i] = i < channels ? load_some(from.element(image, channel + i, pixel), pixels) : vec{};
    return;
  }
  const float* const first = from.blocked(image, channel, pixel);
  for (int i = 0; i < width; ++i) rows[i] = i < pixels ? load(first + i * block) : vec{};
  transpose(rows);
}

/// Writes a square, leaving out what lies outside. The rows of channels that are padding have to be zeros; they are
/// written where the layout has padding.
TENON_KERNEL_INLINE void store_square(const square_view& to, std::int64_t image, std::int64_t channel,
                                      std::int64_t pixel, vec* rows) {
  const std::int64_t pixels = to.extents.pixels - pixel, channels = to.extents.channels - channel;
  if (to.arrangement == layout::contiguous) {
    for (int i = 0; i < width && i < channels; ++i) store_some(to.element(image, channel + i, pixel), rows[i], pixels);
    return;
  }
  transpose(rows);
  float* const first = to.blocked(image, channel, pixel);
  for (int i = 0; i < width && i < pixels; ++i) store(first + i * block, rows[i]);
}

struct reorder_arguments {
  square_view from, to;
  std::int64_t strips;  ///< of a plane
};

/// A strip is so many pixels of a block plane.
inline constexpr std::int64_t strip_pixels = 1024;

TENON_KERNEL inline void reorder_part(const reorder_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t strip = begin; strip < end; ++strip) {
    const std::int64_t plane = strip / of.strips, first = strip % of.strips * strip_pixels;
    const std::int64_t image = plane / of.to.extents.blocks, channel = plane % of.to.extents.blocks * block;
    const std::int64_t last = std::min(first + strip_pixels, of.to.extents.pixels);
    for (int lane = 0; lane < block; lane += width)
      for (std::int64_t pixel = first; pixel < last; pixel += width) {
        vec rows[width];
        load_square(of.from, image, channel + lane, pixel, rows);
        store_square(of.to, image, channel + lane, pixel, rows);
      }
  }
}

/// x -> x in the result's layout
inline void reorder(std::span<const operand> operands, std::span<const operand> results) {
  if (operands[0].arrangement == results[0].arrangement) return copy(operands[0], results[0]);
  const square_view from(operands[0]), to(results[0]);
  const reorder_arguments of{from, to, divide_up(to.extents.pixels, strip_pixels)};
  in_parallel(to.extents.planes() * of.strips, reorder_part, of);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
