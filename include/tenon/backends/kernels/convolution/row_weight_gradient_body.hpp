// SPDX-License-Identifier: Apache-2.0
// The kernels of row_weight_gradient.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

template <int Distance, std::size_t... Lane>
TENON_KERNEL_INLINE vec plus_neighbours(vec of, std::index_sequence<Lane...>) {
  return of + __builtin_shufflevector(of, of, (Lane ^ Distance)...);
}

/// The sum of a vector's lanes.
TENON_KERNEL_INLINE float lanes_added(vec of) {
  constexpr auto lanes = std::make_index_sequence<width>();
  if constexpr (width > 8) of = plus_neighbours<8>(of, lanes);
  if constexpr (width > 4) of = plus_neighbours<4>(of, lanes);
  of = plus_neighbours<2>(of, lanes);
  return plus_neighbours<1>(of, lanes)[0];
}

/// The channels of dy, and the taps, whose products are summed in registers at once.
constexpr int gradients_at_once(int channels) { return width == 16 || channels <= 6 ? channels : 4; }
constexpr int taps_at_once(int channels) { return width == 16 || channels == 4 || channels > 6 ? 3 : 2; }

template <int Channels, int Taps, std::size_t... Tap, std::size_t... Item>
TENON_KERNEL_INLINE void add_product(vec* sums, const float* dy, std::int64_t floats, const float* const* from,
                                     std::int64_t at, std::index_sequence<Tap...>, std::index_sequence<Item...>) {
  const vec windows[] = {load(from[Tap] + at)...};
  ((sums[Item] += load(dy + static_cast<int>(Item) / Taps * floats) * windows[Item % Taps]), ...);
}

/// Adds the products of `Taps` taps and some channels of dy over a tile.
template <int Channels, int Taps, std::size_t... Item>
TENON_KERNEL_INLINE void add_products(const row_products& of, const line_tap* taps, int first,
                                      std::index_sequence<Item...> items) {
  const row_tiles& tiles = *of.tiles;
  vec sums[static_cast<std::size_t>(Channels * Taps)] = {};
  const float* from[static_cast<std::size_t>(Taps)];
  for (int i = 0; i < Taps; ++i) from[i] = of.lines + taps[i].line;
  const std::int64_t floats = tiles.sum_floats();
  for (std::int64_t i = 0; i < of.runs; ++i) {
    const float* const dy = of.dy + first * floats + i * tiles.sum_pitch;
    for (std::int64_t at = 0; at < of.run; at += width)
      add_product<Channels, Taps>(sums, dy + at, floats, from, i * tiles.pitch + at, indices<Taps>(), items);
  }
  ((of.sums[taps[Item % Taps].weights + first + static_cast<int>(Item / Taps)] += lanes_added(sums[Item])), ...);
}

template <int Channels, int Taps>
TENON_KERNEL_INLINE void add_all_products(const row_products& of, int first) {
  std::int64_t i = 0;
  for (; i + Taps <= of.tiles->tap_count; i += Taps)
    add_products<Channels, Taps>(of, of.tiles->taps + i, first, indices<Channels * Taps>());
  for (; i < of.tiles->tap_count; ++i) add_products<Channels, 1>(of, of.tiles->taps + i, first, indices<Channels>());
}

template <int Channels>
struct row_products_instance {
  TENON_KERNEL static void run(const row_products& of) {
    constexpr int at_once = gradients_at_once(Channels), taps = taps_at_once(Channels);
    add_all_products<at_once, taps>(of, 0);
    if constexpr (at_once < Channels) add_all_products<Channels - at_once, taps>(of, at_once);
  }
};

/// Parts begin to end - 1.
template <class Arguments>
TENON_KERNEL inline void row_weight_gradient_part(const Arguments& of, std::int64_t begin, std::int64_t end,
                                                  float* scratch) {
  const row_gradient_arguments& arguments = *of.arguments;
  const row_tiles& tiles = of.tiles;
  kept_lines kept(scratch);
  float* const arriving = scratch + tiles.kept_floats();
  const auto add = instance_for_channels<row_products_instance>(tiles.result_channels);
  const std::int64_t source_plane = tiles.height.source * tiles.width.source;
  const std::int64_t result_plane = tiles.height.result * tiles.width.result;
  for (std::int64_t part = begin; part < end; ++part) {
    float* const sums = of.sums(part);
    std::fill_n(sums, of.weights() + tiles.result_channels, 0.0f);
    for (std::int64_t i = of.parts.begin(part); i < of.parts.end(part); ++i) {
      const row_tile tile = tiles.tile(i);
      const float* const image =
          arguments.x.as<const float>() + tile.image * tiles.source_channels * tiles.depth.source * source_plane;
      for (std::int64_t o = 0; o < tiles.result_channels; ++o) {
        const std::int64_t plane = (tile.image * tiles.result_channels + o) * tiles.depth.result + tile.depth;
        float* const to = arriving + o * tiles.sum_floats();
        copy_gradients(tiles, tile, arguments.dy.as<const float>() + plane * result_plane, to);
        vec sum = {};
        for (std::int64_t at = 0; at < tile.rows * tiles.sum_pitch; at += width) sum += load(to + at);
        sums[of.weights() + o] += lanes_added(sum);
      }
      const std::int64_t last_depth = tiles.depth.last_inside(tile.depth);
      for (std::int64_t d = tiles.depth.first_inside(tile.depth); d <= last_depth; ++d) {
        const std::int64_t plane = tiles.depth.position_of(tile.depth, d);
        float* const lines = kept.of_plane(tiles, plane);
        for (std::int64_t h = 0; h < tiles.height.taps; h += tiles.row_taps)
          for (std::int64_t w = 0; w < tiles.width.taps; w += tiles.column_taps) {
            if (!sees_source(tiles, tile, h, w)) continue;
            if (!kept.take(tiles, i, plane))
              copy_source(tiles, tile, image, plane, h, w, 0, tiles.lines_of(tile), lines);
            add({&tiles, tiles.runs(tile), tiles.run(tile), lines + tiles.lead, arriving,
                 sums + d * tiles.plane_weights() + tiles.weights_of(h, w)});
          }
      }
    }
  }
}

template <class Arguments>
TENON_KERNEL inline void row_weight_gradient_run(const Arguments& of, std::int64_t begin, std::int64_t end) {
  const std::int64_t count = of.parts.count;
  for (std::int64_t run = begin; run < end; ++run)
    row_weight_gradient_part(of, count * run / of.runs, count * (run + 1) / of.runs,
                             of.arguments->scratch.part(of.tiles, run));
}

template <class Arguments>
void row_weight_gradient(const Arguments& of) {
  const tiled_row_gradient tiled(of, width);
  const row_tiles& tiles = tiled.tiles;
  in_parallel(tiled.runs, row_weight_gradient_run<tiled_row_gradient>, tiled);
  const auto total = [&](std::int64_t place) {
    double sum = 0;
    for (std::int64_t part = 0; part < tiled.parts.count; ++part) sum += static_cast<double>(tiled.sums(part)[place]);
    return static_cast<float>(sum);
  };
  const std::int64_t taps = of.along[0].taps * of.along[1].taps * of.along[2].taps;
  for (std::int64_t o = 0; o < tiles.result_channels; ++o) {
    for (std::int64_t c = 0; of.dw != nullptr && c < tiles.source_channels; ++c)
      for (std::int64_t tap = 0; tap < taps; ++tap)
        of.dw[(o * tiles.source_channels + c) * taps + tap] =
            total((tap * tiles.source_channels + c) * tiles.result_channels + o);
    if (of.db != nullptr) of.db[o] = total(tiled.weights() + o);
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
