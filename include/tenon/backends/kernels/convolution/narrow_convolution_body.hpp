// SPDX-License-Identifier: Apache-2.0
// The kernels of narrow_convolution.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// What a thread takes at once, and how many terms a sum takes before it joins another.
inline constexpr std::int64_t narrow_tile = 512;

/// The planes of a narrow tensor's image; rows that are missing are the first once more.
template <int Rows>
struct narrow_planes {
  const float* row[static_cast<std::size_t>(Rows)];

  narrow_planes(const square_view& of, std::int64_t image) {
    for (int i = 0; i < Rows; ++i) row[i] = of.element(image, i < of.extents.channels ? i : 0, 0);
  }
};

template <int Rows, std::size_t... Item>
TENON_KERNEL_INLINE void add_square(vec* sums, const vec* channels, const float* weights, std::int64_t stored,
                                    std::index_sequence<Item...>) {
  ((sums[Item % Rows] +=
    channels[Item / Rows] * weights[static_cast<int>(Item) % Rows * stored + static_cast<int>(Item) / Rows]),
   ...);
}

template <int Rows>
struct to_narrow_instance {
  TENON_KERNEL static void run(const narrow_arguments& of, std::int64_t begin, std::int64_t end) {
    const square_view wide(of.wide), narrow(of.narrow);
    const std::int64_t pixels = wide.extents.pixels, tiles = divide_up(pixels, narrow_tile);
    const std::int64_t stored = wide.extents.blocks * block;
    const auto activate = instance_for<activate_instance>(of.fused);
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t image = tile / tiles, first = tile % tiles * narrow_tile;
      const std::int64_t last = std::min(first + narrow_tile, pixels);
      for (std::int64_t pixel = first; pixel < last; pixel += width) {
        vec sums[static_cast<std::size_t>(Rows)];
        for (int o = 0; o < Rows; ++o)
          sums[o] = of.bias != nullptr && o < narrow.extents.channels ? all(of.bias[o]) : vec{};
        for (std::int64_t channel = 0; channel < stored; channel += width) {
          vec channels[width];
          load_square(wide, image, channel, pixel, channels);
          add_square<Rows>(sums, channels, of.weights + channel, stored, indices<Rows * width>());
        }
        for (int o = 0; o < narrow.extents.channels; ++o) {
          float* const to = narrow.element(image, o, pixel);
          if (of.residual != nullptr) sums[o] += load_some(of.residual + (to - narrow.data), last - pixel);
          store_some(to, sums[o], last - pixel);
        }
      }
      if (of.fused == activation::none) continue;
      for (int o = 0; o < narrow.extents.channels; ++o)
        activate(of.slope, narrow.element(image, o, first), narrow.element(image, o, first), last - first);
    }
  }
};

/// The pixels whose results go through a function while they are in the cache.
inline constexpr std::int64_t narrow_function_pixels = 64;

template <int Rows, bool Adds, std::size_t... Row>
TENON_KERNEL_INLINE void to_wide_run(const narrow_planes<Rows>& planes, const float* given_weights, std::int64_t stored,
                                     vec bias, const float* residual, float* to, std::int64_t first, std::int64_t last,
                                     std::index_sequence<Row...>) {
  const vec weights[] = {load(given_weights + static_cast<int>(Row) * stored)...};
  const float* const rows[] = {planes.row[Row]...};
  for (std::int64_t pixel = first; pixel < last; ++pixel) {
    vec sum = bias;
    if constexpr (Adds) sum += load(residual + pixel * block);
    ((sum += weights[Row] * rows[Row][pixel]), ...);
    store(to + pixel * block, sum);
  }
}

/// Tiles of block planes of the wide result.
template <int Rows>
struct to_wide_instance {
  TENON_KERNEL static void run(const narrow_arguments& of, std::int64_t begin, std::int64_t end) {
    const square_view wide(of.wide), narrow(of.narrow);
    const std::int64_t pixels = wide.extents.pixels, tiles = divide_up(pixels, narrow_tile);
    const std::int64_t stored = wide.extents.blocks * block;
    const auto activate = instance_for<activate_instance>(of.fused);
    constexpr auto rows = indices<Rows>();
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t plane = tile / tiles, image = plane / wide.extents.blocks;
      const std::int64_t channel = plane % wide.extents.blocks * block, present = wide.extents.channels - channel;
      const narrow_planes<Rows> planes(narrow, image);
      const std::int64_t end_of_tile = std::min((tile % tiles + 1) * narrow_tile, pixels);
      for (std::int64_t first = tile % tiles * narrow_tile; first < end_of_tile; first += narrow_function_pixels) {
        const std::int64_t last = std::min(first + narrow_function_pixels, end_of_tile);
        for (int lane = 0; lane < block; lane += width) {
          const float* const weights = of.weights + channel + lane;
          const vec bias = of.bias == nullptr ? vec{} : load(of.bias + channel + lane);
          float* const to = wide.blocked(image, channel, 0) + lane;
          if (of.residual == nullptr)
            to_wide_run<Rows, false>(planes, weights, stored, bias, nullptr, to, first, last, rows);
          else
            to_wide_run<Rows, true>(planes, weights, stored, bias, of.residual + (to - wide.data), to, first, last,
                                    rows);
        }
        if (of.fused == activation::none) continue;
        float* const to = wide.blocked(image, channel, first);
        activate(of.slope, to, to, (last - first) * block);
        if (!keeps_zero(of.fused) && present < block) clear_padding(to, last - first, present);
      }
    }
  }
};

template <class Arguments>
void convolve_to_narrow(const Arguments& of) {
  const blocked_extents extents(of.wide.extents, block);
  in_parallel(extents.batch * divide_up(extents.pixels, narrow_tile),
              narrow_rows(of.narrow.extents.channels()) == 4 ? to_narrow_instance<4>::run : to_narrow_instance<8>::run,
              of);
}

template <class Arguments>
void convolve_to_wide(const Arguments& of) {
  const blocked_extents extents(of.wide.extents, block);
  in_parallel(extents.planes() * divide_up(extents.pixels, narrow_tile),
              narrow_rows(of.narrow.extents.channels()) == 4 ? to_wide_instance<4>::run : to_wide_instance<8>::run, of);
}

/// Adds products of a vector of wide channels and all rows, and of 1 behind them.
template <int Rows, bool Sums, std::size_t... Row>
TENON_KERNEL_INLINE void add_narrow_products(const narrow_planes<Rows>& planes, const float* from, std::int64_t first,
                                             std::int64_t last, float* sums, std::int64_t stored,
                                             std::index_sequence<Row...>) {
  vec more[static_cast<std::size_t>(Rows)] = {}, total = {};
  const float* const rows[] = {planes.row[Row]...};
  for (std::int64_t pixel = first; pixel < last; ++pixel) {
    const vec value = load(from + pixel * block);
    ((more[Row] += value * rows[Row][pixel]), ...);
    if constexpr (Sums) total += value;
  }
  (store(sums + static_cast<int>(Row) * stored, load(sums + static_cast<int>(Row) * stored) + more[Row]), ...);
  if constexpr (Sums) store(sums + Rows * stored, load(sums + Rows * stored) + total);
}

/// Adds the sums of a run of each row.
template <int Rows>
TENON_KERNEL_INLINE void add_row_sums(const narrow_planes<Rows>& planes, std::int64_t first, std::int64_t last,
                                      float* sums) {
  for (int i = 0; i < Rows; ++i) {
    vec more = {};
    for (std::int64_t pixel = first; pixel < last; pixel += width)
      more += load_some(planes.row[i] + pixel, last - pixel);
    for (int lane = 0; lane < width; ++lane) sums[i] += more[lane];
  }
}

/// Parts of the tiles of all images.
template <int Rows>
struct narrow_weight_gradient_instance {
  TENON_KERNEL static void run(const parted_narrow_gradient& parted, std::int64_t begin, std::int64_t end) {
    const narrow_gradient_arguments& of = *parted.arguments;
    const square_view wide(of.wide), narrow(of.narrow);
    const std::int64_t pixels = wide.extents.pixels, tiles = divide_up(pixels, narrow_tile);
    const std::int64_t stored = wide.extents.blocks * block, count = (Rows + 1) * stored + Rows;
    constexpr auto rows = indices<Rows>();
    for (std::int64_t part = begin; part < end; ++part) {
      float* const sums = of.sums + part * count;
      std::fill_n(sums, count, 0.0f);
      for (std::int64_t tile = parted.parts.begin(part); tile < parted.parts.end(part); ++tile) {
        const std::int64_t image = tile / tiles, first = tile % tiles * narrow_tile;
        const std::int64_t last = std::min(first + narrow_tile, pixels);
        const narrow_planes<Rows> planes(narrow, image);
        for (std::int64_t channel = 0; channel < stored; channel += width) {
          const float* const from = wide.blocked(image, channel, 0);
          if (of.wide_sums == nullptr)
            add_narrow_products<Rows, false>(planes, from, first, last, sums + channel, stored, rows);
          else
            add_narrow_products<Rows, true>(planes, from, first, last, sums + channel, stored, rows);
        }
        if (of.narrow_sums != nullptr) add_row_sums(planes, first, last, sums + (Rows + 1) * stored);
      }
    }
  }
};

template <class Arguments>
void narrow_weight_gradient(const Arguments& of) {
  const blocked_extents extents(of.wide.extents, block);
  const std::int64_t channels = of.narrow.extents.channels(), rows = narrow_rows(channels);
  const std::int64_t stored = extents.blocks * block, count = (rows + 1) * stored + rows;
  const parted_narrow_gradient parted{
      &of, equal_parts(extents.batch * divide_up(extents.pixels, narrow_tile), narrow_parts, 1)};
  in_parallel(parted.parts.count,
              rows == 4 ? narrow_weight_gradient_instance<4>::run : narrow_weight_gradient_instance<8>::run, parted);
  const auto total = [&](std::int64_t place) {
    double sum = 0;
    for (std::int64_t part = 0; part < parted.parts.count; ++part)
      sum += static_cast<double>(of.sums[part * count + place]);
    return static_cast<float>(sum);
  };
  for (std::int64_t o = 0; of.dw != nullptr && o < channels; ++o)
    for (std::int64_t i = 0; i < extents.channels; ++i)
      of.dw[o * of.narrow_step + i * of.wide_step] = total(o * stored + i);
  for (std::int64_t o = 0; of.narrow_sums != nullptr && o < channels; ++o)
    of.narrow_sums[o] = total((rows + 1) * stored + o);
  for (std::int64_t i = 0; of.wide_sums != nullptr && i < extents.channels; ++i)
    of.wide_sums[i] = total(rows * stored + i);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
