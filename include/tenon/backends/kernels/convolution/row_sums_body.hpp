// SPDX-License-Identifier: Apache-2.0
// The kernels of row_sums.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The channels, and the vectors of pixels, whose sums stay in registers at once. For fewer than 8 sums additions wait
/// for each other; with the pixels and a weight 12 fill 16 registers.
constexpr int channels_at_once(int channels) { return width == 16 || channels <= 6 ? channels : 4; }
constexpr int row_vectors(int channels) {
  if (width == 16) return channels <= 6 ? 4 : 2;
  return channels <= 2 ? 4 : channels == 5 || channels == 6 ? 2 : 3;
}

/// Where an image of the source begins.
inline const float* source_image(const row_arguments& of, const row_tiles& tiles, std::int64_t image) {
  return of.source.as<const float>() + image * tiles.source_channels * tiles.source_plane();
}

/// Some vectors of pixels, which may end a run and begin the next.
template <int Vectors>
struct pixel_vectors {
  const float* lines[static_cast<std::size_t>(Vectors)];
  const float* from[static_cast<std::size_t>(Vectors)];
  float* to[static_cast<std::size_t>(Vectors)];
};

template <std::size_t... Vector, std::size_t... Item>
TENON_KERNEL_INLINE void add_tap(vec* sums, const float* const* lines, std::int64_t line, const float* weights,
                                 std::index_sequence<Vector...>, std::index_sequence<Item...>) {
  const vec x[] = {load(lines[Vector] + line)...};
  ((sums[Item] += x[Item % sizeof...(Vector)] * weights[Item / sizeof...(Vector)]), ...);
}

/// Adds what all taps see to the sums of some vectors, of some channels from the first on.
template <int Vectors, std::size_t... Item>
TENON_KERNEL_INLINE void add_taps(const row_sums& of, const pixel_vectors<Vectors>& at, int first, const float* weights,
                                  std::index_sequence<Item...> items) {
  vec sums[] = {load(at.from[Item % Vectors] + (first + static_cast<int>(Item) / Vectors) * of.from.channel)...};
  const line_tap* const last = of.tiles->taps + of.tiles->tap_count;
  for (const line_tap* tap = of.tiles->taps; tap != last; ++tap)
    add_tap(sums, at.lines, tap->line, weights + first + tap->weights, indices<Vectors>(), items);
  const vec least = all(of.least);
  (store(at.to[Item % Vectors] + (first + static_cast<int>(Item) / Vectors) * of.to.channel,
         sums[Item] < least ? least : sums[Item]),
   ...);
}

/// The same for all channels, some after the others.
template <int Channels, int Vectors, int First = 0>
TENON_KERNEL_INLINE void add_all_taps(const row_sums& of, const pixel_vectors<Vectors>& at, const float* weights) {
  constexpr int at_once = channels_at_once(Channels);
  add_taps(of, at, First, weights, indices<at_once * Vectors>());
  if constexpr (at_once < Channels) add_all_taps<Channels - at_once, Vectors, First + at_once>(of, at, weights);
}

/// Goes over all vectors of pixels of a tile.
class tile_walk {
 public:
  TENON_KERNEL explicit tile_walk(const row_sums& of) : of_(of), left_(of.tiles->runs(*of.tile) * (of.pixels / width)) {
    const row_tiles& tiles = *of.tiles;
    weights_ = of.arguments->weights + of.window.depth_tap * tiles.plane_weights() +
               tiles.weights_of(of.window.h, of.window.w);
    copied_ = of.has_lines ? tiles.lines_of(*of.tile) : 0;
    begin_run();
  }

  /// Adds what all taps see, `Vectors` vectors at a time, while there are so many.
  template <int Channels, int Vectors>
  TENON_KERNEL_INLINE void add() {
    for (; left_ >= Vectors; left_ -= Vectors) {
      if (of_.ahead != nullptr) fetch_ahead(Vectors * width);
      pixel_vectors<Vectors> at;
      take(at, indices<Vectors>());
      add_all_taps<Channels>(of_, at, weights_);
    }
  }

 private:
  const row_sums& of_;
  std::int64_t left_, run_ = 0, pixel_ = 0, copied_;
  const float* weights_;
  const float* lines_;
  const float* from_;
  float* to_;
  std::uintptr_t ahead_ = 0;  ///< addresses to fetch need be nobody's

  static std::uintptr_t floats(std::int64_t count) { return static_cast<std::uintptr_t>(count) * sizeof(float); }

  /// The next vectors' places.
  template <std::size_t... Vector>
  TENON_KERNEL_INLINE void take(pixel_vectors<sizeof...(Vector)>& at, std::index_sequence<Vector...>) {
    constexpr std::int64_t all_pixels = static_cast<std::int64_t>(sizeof...(Vector)) * width;
    if (pixel_ + all_pixels <= of_.pixels) {
      (put(at, Vector, static_cast<int>(Vector) * width), ...);
      advance(all_pixels);
    } else {
      ((put(at, Vector, 0), advance(width)), ...);
    }
  }
  template <int Vectors>
  TENON_KERNEL_INLINE void put(pixel_vectors<Vectors>& at, std::size_t i, std::int64_t pixels) const {
    at.lines[i] = lines_ + pixel_ + pixels;
    at.from[i] = from_ + (pixel_ + pixels) * of_.from.pixel;
    at.to[i] = to_ + pixel_ + pixels;
  }
  TENON_KERNEL_INLINE void advance(std::int64_t pixels) {
    pixel_ += pixels;
    if (pixel_ < of_.pixels) return;
    pixel_ = 0;
    if (++run_ < of_.tiles->runs(*of_.tile)) begin_run();
  }

  TENON_KERNEL void begin_run() {
    const row_tiles& tiles = *of_.tiles;
    // Lines are copied when the first run sees them: while the sums before are still being computed.
    const std::int64_t until = tiles.lines_until(*of_.tile, run_);
    if (copied_ < until) {
      copy_source(tiles, *of_.tile, source_image(*of_.arguments, tiles, of_.tile->image), of_.window.depth,
                  of_.window.h, of_.window.w, copied_, until, of_.lines);
      copied_ = until;
    }
    lines_ = of_.lines + tiles.lead + run_ * tiles.pitch;
    from_ = of_.from.first + run_ * of_.from.run;
    to_ = of_.to.first + run_ * of_.to.run;
    if (of_.ahead == nullptr) return;
    const std::int64_t depth = tiles.depth.position_of(of_.ahead->depth, tiles.depth.last_inside(of_.ahead->depth));
    const std::int64_t row = tiles.height.position_of(of_.ahead->first_row + run_, tiles.height.taps - 1);
    const std::int64_t place = (depth * tiles.height.source + row) * tiles.width.source + of_.ahead->first_column;
    ahead_ = reinterpret_cast<std::uintptr_t>(source_image(*of_.arguments, tiles, of_.ahead->image)) + floats(place);
  }

  /// Lets pixels come that the next tile is the first to see, and the next run's results; a few at a time, for many
  /// would hold up the sums.
  TENON_KERNEL_INLINE void fetch_ahead(int pixels) const {
    const row_tiles& tiles = *of_.tiles;
    fetch(ahead_, tiles.source_channels, tiles.source_plane(), pixels);
    fetch(reinterpret_cast<std::uintptr_t>(to_) + floats(of_.to.run), tiles.result_channels, of_.to.channel, pixels);
  }
  TENON_KERNEL_INLINE void fetch(std::uintptr_t from, std::int64_t channels, std::int64_t channel, int pixels) const {
    from += floats(pixel_);
    for (std::int64_t c = 0; c < channels; ++c, from += floats(channel))
      for (int i = 0; i < pixels; i += 16) __builtin_prefetch(reinterpret_cast<const void*>(from + floats(i)), 0, 2);
  }
};

template <int Channels>
struct row_sums_instance {
  TENON_KERNEL static void run(const row_sums& of) {
    constexpr int vectors = row_vectors(Channels);
    tile_walk walk(of);
    walk.add<Channels, vectors>();
    if constexpr (vectors > 2) walk.add<Channels, 2>();
    walk.add<Channels, 1>();
  }
};

/// The instance for so many channels, 1 to most_row_channels.
template <template <int> class Instance>
constexpr auto instance_for_channels(std::int64_t channels) {
  constexpr decltype(&Instance<1>::run) all_of_them[] = {&Instance<1>::run, &Instance<2>::run, &Instance<3>::run,
                                                         &Instance<4>::run, &Instance<5>::run, &Instance<6>::run,
                                                         &Instance<7>::run, &Instance<8>::run};
  static_assert(sizeof(all_of_them) / sizeof(*all_of_them) == most_row_channels);
  return all_of_them[channels - 1];
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
