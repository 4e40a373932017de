// SPDX-License-Identifier: Apache-2.0
// Pointwise convolutions to a few channels, which are plain, from blocked ones; and their gradients.
#ifndef TENON_KERNEL_ISA
#  ifndef TENON_BACKENDS_KERNELS_NARROW_CONVOLUTION_HPP
#    define TENON_BACKENDS_KERNELS_NARROW_CONVOLUTION_HPP

#    include <algorithm>
#    include <cstdint>

#    include "tenon/backends/kernels/activations.hpp"
#    include "tenon/backends/kernels/geometry.hpp"
#    include "tenon/backends/kernels/lanes.hpp"
#    include "tenon/backends/kernels/parts.hpp"
#    include "tenon/backends/kernels/reorder.hpp"
#    include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

struct narrow_arguments {
  operand wide;          ///< x or dx, blocked
  operand narrow;        ///< y or dy, plain
  const float* weights;  ///< (most_narrow_channels, channels in whole blocks), zeros where there are none
  const float* bias;     ///< nullptr: none
  activation fused = activation::none;
  float slope = 0;
};

struct narrow_gradient_arguments {
  operand x, dy;
  float* sums;  ///< (narrow_parts, most_narrow_channels, channels in whole blocks)
  equal_parts parts;
};

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#    define TENON_KERNEL_FILE "tenon/backends/kernels/narrow_convolution.hpp"
#    include "tenon/backends/kernels/each_isa.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// x, w, [b] -> y
inline void narrow_convolution(isa set, const narrow_arguments& of) {
  chosen(set, &plain::narrow_convolution, &avx2::narrow_convolution, &avx512::narrow_convolution)(of);
}

/// dy, w -> dx
inline void narrow_data_gradient(isa set, const narrow_arguments& of) {
  chosen(set, &plain::narrow_data_gradient, &avx2::narrow_data_gradient, &avx512::narrow_data_gradient)(of);
}

/// x, dy -> dw (O, I), [db]; a null pointer leaves out. `sums` has room for narrow_parts times the packed weights.
inline void narrow_weight_gradient(isa set, const operand& x, const operand& dy, float* sums, float* dw, float* db) {
  chosen(set, &plain::narrow_weight_gradient, &avx2::narrow_weight_gradient, &avx512::narrow_weight_gradient)(
      x, dy, sums, dw, db);
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#  endif
#else

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// What a thread takes at once, and how many terms a sum takes before it joins another.
inline constexpr std::int64_t narrow_tile = 512;

TENON_KERNEL inline void narrow_convolution_part(const narrow_arguments& of, std::int64_t begin, std::int64_t end) {
  const square_view x(of.wide), y(of.narrow);
  const std::int64_t pixels = x.extents.pixels, tiles = divide_up(pixels, narrow_tile);
  const std::int64_t stored = x.extents.blocks * block;
  for (std::int64_t tile = begin; tile < end; ++tile) {
    const std::int64_t image = tile / tiles, first = tile % tiles * narrow_tile;
    const std::int64_t last = std::min(first + narrow_tile, pixels);
    for (std::int64_t pixel = first; pixel < last; pixel += width) {
      vec sums[most_narrow_channels];
      for (int o = 0; o < most_narrow_channels; ++o)
        sums[o] = of.bias != nullptr && o < y.extents.channels ? all(of.bias[o]) : vec{};
      for (std::int64_t channel = 0; channel < stored; channel += width) {
        vec rows[width];
        load_square(x, image, channel, pixel, rows);
        const float* const weights = of.weights + channel;
        for (int i = 0; i < width; ++i)
          for (int o = 0; o < most_narrow_channels; ++o) sums[o] += rows[i] * weights[o * stored + i];
      }
      for (int o = 0; o < y.extents.channels; ++o) store_some(y.plain(image, o, pixel), sums[o], last - pixel);
    }
    if (of.fused == activation::none) continue;
    const auto activate = instance_for<activate_instance>(of.fused);
    for (int o = 0; o < y.extents.channels; ++o)
      activate(of.slope, y.plain(image, o, first), y.plain(image, o, first), last - first);
  }
}

inline void narrow_convolution(const narrow_arguments& of) {
  const geometry extents(of.wide.extents, block);
  in_parallel(extents.batch * divide_up(extents.pixels, narrow_tile), narrow_convolution_part, of);
}

/// Tiles of block planes of dx.
TENON_KERNEL inline void narrow_data_gradient_part(const narrow_arguments& of, std::int64_t begin, std::int64_t end) {
  const square_view dx(of.wide), dy(of.narrow);
  const std::int64_t pixels = dx.extents.pixels, tiles = divide_up(pixels, narrow_tile);
  const std::int64_t stored = dx.extents.blocks * block;
  for (std::int64_t tile = begin; tile < end; ++tile) {
    const std::int64_t plane = tile / tiles, first = tile % tiles * narrow_tile;
    const std::int64_t image = plane / dx.extents.blocks, channel = plane % dx.extents.blocks * block;
    const std::int64_t last = std::min(first + narrow_tile, pixels);
    for (int lane = 0; lane < block; lane += width) {
      vec weights[most_narrow_channels];
      const float* rows[most_narrow_channels];
      for (int o = 0; o < most_narrow_channels; ++o) {
        weights[o] = load(of.weights + o * stored + channel + lane);  // zeros where there is no such channel
        rows[o] = dy.plain(image, o < dy.extents.channels ? o : 0, 0);
      }
      float* const to = dx.blocked(image, channel, 0) + lane;
      for (std::int64_t pixel = first; pixel < last; ++pixel) {
        vec sum = weights[0] * rows[0][pixel];
        for (int o = 1; o < most_narrow_channels; ++o) sum += weights[o] * rows[o][pixel];
        store(to + pixel * block, sum);
      }
    }
  }
}

inline void narrow_data_gradient(const narrow_arguments& of) {
  const geometry extents(of.wide.extents, block);
  in_parallel(extents.planes() * divide_up(extents.pixels, narrow_tile), narrow_data_gradient_part, of);
}

/// Parts of the tiles of all images.
TENON_KERNEL inline void narrow_weight_gradient_part(const narrow_gradient_arguments& of, std::int64_t begin,
                                                     std::int64_t end) {
  const square_view x(of.x), dy(of.dy);
  const std::int64_t pixels = x.extents.pixels, tiles = divide_up(pixels, narrow_tile);
  const std::int64_t stored = x.extents.blocks * block;
  for (std::int64_t part = begin; part < end; ++part) {
    float* const sums = of.sums + part * most_narrow_channels * stored;
    std::fill_n(sums, most_narrow_channels * stored, 0.0f);
    for (std::int64_t tile = of.parts.begin(part); tile < of.parts.end(part); ++tile) {
      const std::int64_t image = tile / tiles, first = tile % tiles * narrow_tile;
      const std::int64_t last = std::min(first + narrow_tile, pixels);
      const float* rows[most_narrow_channels];
      for (int o = 0; o < most_narrow_channels; ++o) rows[o] = dy.plain(image, o < dy.extents.channels ? o : 0, 0);
      for (std::int64_t channel = 0; channel < stored; channel += width) {
        vec more[most_narrow_channels] = {};
        const float* const from = x.blocked(image, channel, 0);
        for (std::int64_t pixel = first; pixel < last; ++pixel) {
          const vec value = load(from + pixel * block);
          for (int o = 0; o < most_narrow_channels; ++o) more[o] += value * rows[o][pixel];
        }
        for (int o = 0; o < most_narrow_channels; ++o) {
          float* const sum = sums + o * stored + channel;
          store(sum, load(sum) + more[o]);
        }
      }
    }
  }
}

inline void narrow_weight_gradient(const operand& x, const operand& dy, float* sums, float* dw, float* db) {
  const geometry extents(x.extents, block);
  const std::int64_t stored = extents.blocks * block, channels = dy.extents.channels();
  const narrow_gradient_arguments of{
      x, dy, sums, equal_parts(extents.batch * divide_up(extents.pixels, narrow_tile), narrow_parts, 1)};
  in_parallel(of.parts.count, narrow_weight_gradient_part, of);
  for (std::int64_t o = 0; dw != nullptr && o < channels; ++o)
    for (std::int64_t i = 0; i < extents.channels; ++i) {
      float sum = 0;
      for (std::int64_t part = 0; part < of.parts.count; ++part)
        sum += sums[(part * most_narrow_channels + o) * stored + i];
      dw[o * extents.channels + i] = sum;
    }
  for (std::int64_t o = 0; db != nullptr && o < channels; ++o) {
    double sum = 0;
    for (std::int64_t image = 0; image < extents.batch; ++image) {
      const float* const row = dy.as<const float>() + (image * channels + o) * extents.pixels;
      for (std::int64_t pixel = 0; pixel < extents.pixels; ++pixel) sum += static_cast<double>(row[pixel]);
    }
    db[o] = static_cast<float>(sum);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#endif
