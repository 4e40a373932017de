// SPDX-License-Identifier: Apache-2.0
// The kernels of norm_tile.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// The norm of a vector of channels: y = scale * normalized(x) + shift. Forward and gradient share it, so that the mask
/// of a fused activation comes out the same.
struct channel_norm {
  vec scale, shift, mean, inverse_deviation;
};

TENON_KERNEL_INLINE vec normalized(const channel_norm& of, vec x) { return (x - of.mean) * of.inverse_deviation; }
TENON_KERNEL_INLINE vec apply(const channel_norm& of, vec x) { return of.scale * normalized(of, x) + of.shift; }

/// A tile is a run of pixels of one block plane: small enough to stay in the first-level cache, large enough that what
/// is done once for it does not count.
inline constexpr std::int64_t tile_pixels = 512;

/// What a norm's results go through, and its gradients come back through.
struct norm_function {
  activation function;
  float slope;

  explicit norm_function(const attributes& attribute)
      : function(attribute.fused), slope(static_cast<float>(attribute.slope)) {}
  /// Whether the normalising loop applies the function; the others run in a second loop over each few pixels, which are
  /// still in the cache.
  bool is_in_loop() const { return function == activation::none || function == activation::relu; }
};

/// The pixels of such a second loop.
inline constexpr std::int64_t function_pixels = 64;

template <bool Rectifies, bool Adds>
TENON_KERNEL inline void normalize_lanes(const channel_norm& given, const float* x, const float* residual, float* y,
                                         std::int64_t pixels) {
  const channel_norm norm = given;  // y might lie over it, as far as the compiler knows
  for (std::int64_t i = 0; i < pixels * block; i += block) {
    vec value = apply(norm, load(x + i));
    if constexpr (Adds) value += load(residual + i);
    store(y + i, Rectifies ? rectified(value) : value);
  }
}

/// A tile, or a part of one, of a vector of channels: y = function(norm(x) + residual); residual may be nullptr; y may
/// be x or residual.
TENON_KERNEL_INLINE void normalize_run(const channel_norm& norm, bool rectifies, const float* x, const float* residual,
                                       float* y, std::int64_t pixels) {
  if (rectifies)
    return residual == nullptr ? normalize_lanes<true, false>(norm, x, residual, y, pixels)
                               : normalize_lanes<true, true>(norm, x, residual, y, pixels);
  return residual == nullptr ? normalize_lanes<false, false>(norm, x, residual, y, pixels)
                             : normalize_lanes<false, true>(norm, x, residual, y, pixels);
}

/// A tile of a block, of which `channels` are no padding. `norms` are those of the block's vectors.
TENON_KERNEL inline void normalize_tile(const channel_norm* norms, norm_function then, const float* x,
                                        const float* residual, float* y, std::int64_t pixels, std::int64_t channels) {
  const bool in_loop = then.is_in_loop(), rectifies = then.function == activation::relu;
  const std::int64_t at_once = in_loop ? pixels : function_pixels;
  for (std::int64_t first = 0; first < pixels; first += at_once) {
    const std::int64_t run = std::min(at_once, pixels - first);
    float* const to = y + first * block;
    for (int lane = 0; lane < block; lane += width) {
      const std::int64_t begin = first * block + lane;
      normalize_run(norms[lane / width], rectifies, x + begin, residual == nullptr ? nullptr : residual + begin,
                    to + lane, run);
    }
    if (in_loop) continue;
    activate(then.function, then.slope, to, to, run * block);
    if (!keeps_zero(then.function) && channels < block) clear_padding(to, run, channels);
  }
}

/// Sums over a part of a channel block, for each channel. Of the statistics: the mean and the sum of squared deviations
/// from it; of the gradient: sums of dy and of dy * normalized(x).
struct block_sums {
  std::array<double, block> first, second;
};

/// Lets the next tile come while this one is worked on. It lies behind this one, or nothing does: an address, not a
/// place in the tensor.
TENON_KERNEL_INLINE void fetch_ahead(const float* from) {
  const auto address = reinterpret_cast<std::uintptr_t>(from) + tile_pixels * block * sizeof(float);
  __builtin_prefetch(reinterpret_cast<const void*>(address), 0, 2);
}

/// The mean of a vector's channels over some pixels. A pack numbers the sums, here and below: compilers leave an array
/// that a loop goes over in memory.
template <std::size_t... Sum>
TENON_KERNEL_INLINE vec mean_of_pixels(const float* x, std::int64_t pixels, std::index_sequence<Sum...>) {
  vec sum[] = {(static_cast<void>(Sum), vec{})...};
  std::int64_t i = 0;
  for (; i + 4 <= pixels; i += 4) ((sum[Sum] += load(x + (i + static_cast<int>(Sum)) * block)), ...);
  for (; i < pixels; ++i) sum[0] += load(x + i * block);
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) / static_cast<float>(pixels);
}

/// Sums of deviations from a mean and of their squares.
struct deviation_sums {
  vec unweighted, squares;
};

TENON_KERNEL_INLINE void add_deviation(vec difference, vec& unweighted, vec& squares) {
  unweighted += difference;
  squares += difference * difference;
}

template <std::size_t... Sum>
TENON_KERNEL_INLINE deviation_sums deviations_of_pixels(const float* x, std::int64_t pixels, vec mean,
                                                        std::index_sequence<Sum...>) {
  vec unweighted[] = {(static_cast<void>(Sum), vec{})...}, squares[] = {(static_cast<void>(Sum), vec{})...};
  std::int64_t i = 0;
  for (; i + 4 <= pixels; i += 4, x += 4 * block)
    ((fetch_ahead(x + Sum * block), add_deviation(load(x + Sum * block) - mean, unweighted[Sum], squares[Sum])), ...);
  for (; i < pixels; ++i, x += block) add_deviation(load(x) - mean, unweighted[0], squares[0]);
  return {(unweighted[0] + unweighted[1]) + (unweighted[2] + unweighted[3]),
          (squares[0] + squares[1]) + (squares[2] + squares[3])};
}

/// Joins a tile's moments to those of `count` values before it.
TENON_KERNEL_INLINE void moments_tile(const float* from, std::int64_t pixels, double count, block_sums& sums) {
  for (int lane = 0; lane < block; lane += width) {
    // The mean first, then deviations from it: the tile is in the cache. Four sums at a time, each a short one.
    constexpr auto at_once = std::make_index_sequence<4>();
    const vec mean = mean_of_pixels(from + lane, pixels, at_once);
    const deviation_sums deviations = deviations_of_pixels(from + lane, pixels, mean, at_once);
    for (int k = 0; k < width; ++k) {
      // The mean in float is rounded: what the deviations sum up to corrects it.
      const auto more = static_cast<double>(pixels), error = static_cast<double>(deviations.unweighted[k]);
      const auto i_lane = static_cast<std::size_t>(lane + k);
      join_moments(sums.first[i_lane], sums.second[i_lane], count, static_cast<double>(mean[k]) + error / more,
                   static_cast<double>(deviations.squares[k]) - error * error / more, more);
    }
  }
}

template <bool Rectifies>
TENON_KERNEL_INLINE vec passing(const channel_norm& norm, vec x, vec dy) {
  if constexpr (Rectifies) return apply(norm, x) <= vec{} ? vec{} : dy;
  return dy;
}

template <bool Rectifies>
TENON_KERNEL_INLINE void add_gradient(const channel_norm& norm, const float* x, const float* dy, vec& unweighted,
                                      vec& weighted) {
  const vec value = load(x), gradient = passing<Rectifies>(norm, value, load(dy));
  unweighted += gradient;
  weighted += gradient * normalized(norm, value);
}

template <bool Rectifies, std::size_t... Sum>
TENON_KERNEL_INLINE void add_gradient_sums(const channel_norm& norm, const float* x, const float* dy,
                                           std::int64_t pixels, vec& unweighted, vec& weighted,
                                           std::index_sequence<Sum...>) {
  vec sum_of_gradients[] = {(static_cast<void>(Sum), vec{})...}, weighted_sum[] = {(static_cast<void>(Sum), vec{})...};
  std::int64_t i = 0;
  for (; i + 2 <= pixels; i += 2, x += 2 * block, dy += 2 * block)
    (add_gradient<Rectifies>(norm, x + Sum * block, dy + Sum * block, sum_of_gradients[Sum], weighted_sum[Sum]), ...);
  if (i < pixels) add_gradient<Rectifies>(norm, x, dy, sum_of_gradients[0], weighted_sum[0]);
  unweighted += sum_of_gradients[0] + sum_of_gradients[1];
  weighted += weighted_sum[0] + weighted_sum[1];
}

/// Adds to the sums of dy and of dy * normalized(x) of a vector of channels.
template <bool Rectifies>
TENON_KERNEL inline void add_gradient_sums(const channel_norm& given, const float* x, const float* dy,
                                           std::int64_t pixels, vec& unweighted, vec& weighted) {
  const channel_norm norm = given;  // y might lie over it
  add_gradient_sums<Rectifies>(norm, x, dy, pixels, unweighted, weighted, std::make_index_sequence<2>());
}

/// The gradients before the function of a few pixels.
TENON_KERNEL inline void pass_back_run(const channel_norm* norms, norm_function then, const float* x, const float* dy,
                                       float* to, std::int64_t pixels) {
  for (int lane = 0; lane < block; lane += width)
    normalize_lanes<false, false>(norms[lane / width], x + lane, nullptr, to + lane, pixels);
  pass_back_from_input(then.function, then.slope, to, dy, to, pixels * block);
}

/// Adds a tile's part to the sums of its block.
TENON_KERNEL inline void gradient_sums_tile(const channel_norm* norms, norm_function then, const float* x,
                                            const float* dy, std::int64_t pixels, block_sums& sums) {
  constexpr int vectors = block / width;
  vec unweighted[vectors] = {}, weighted[vectors] = {};
  alignas(64) float passed[function_pixels * block];
  const bool in_loop = then.is_in_loop();
  const std::int64_t at_once = in_loop ? pixels : function_pixels;
  for (std::int64_t first = 0; first < pixels; first += at_once) {
    const std::int64_t run = std::min(at_once, pixels - first);
    const float* const from = x + first * block;
    const float* arriving = dy + first * block;
    if (!in_loop) {
      pass_back_run(norms, then, from, arriving, passed, run);
      arriving = passed;
    }
    for (int i = 0; i < vectors; ++i) {
      const int lane = i * width;
      if (then.function == activation::relu)
        add_gradient_sums<true>(norms[i], from + lane, arriving + lane, run, unweighted[i], weighted[i]);
      else
        add_gradient_sums<false>(norms[i], from + lane, arriving + lane, run, unweighted[i], weighted[i]);
    }
  }
  for (int lane = 0; lane < block; ++lane) {
    sums.first[static_cast<std::size_t>(lane)] += static_cast<double>(unweighted[lane / width][lane % width]);
    sums.second[static_cast<std::size_t>(lane)] += static_cast<double>(weighted[lane / width][lane % width]);
  }
}

/// What the statistics' dependence on x takes from the gradient: (unweighted + normalized(x) * weighted) / deviation,
/// with the means of scale * dy and of scale * dy * normalized(x).
struct gradient_means {
  vec unweighted, weighted;
};

template <bool Rectifies>
TENON_KERNEL inline void differentiate_lanes(const channel_norm& given, const gradient_means& means, const float* x,
                                             const float* dy, float* dx, std::int64_t pixels) {
  const channel_norm norm = given;
  const vec factor = norm.scale * norm.inverse_deviation, unweighted = means.unweighted * norm.inverse_deviation,
            weighted = means.weighted * norm.inverse_deviation;
  for (std::int64_t i = 0; i < pixels * block; i += block) {
    const vec value = load(x + i);
    const vec gradient = passing<Rectifies>(norm, value, load(dy + i));
    store(dx + i, factor * gradient - (unweighted + normalized(norm, value) * weighted));
  }
}

/// A tile of dx, which may be x or dy.
TENON_KERNEL inline void differentiate_tile(const channel_norm* norms, const gradient_means* means, norm_function then,
                                            const float* x, const float* dy, float* dx, std::int64_t pixels) {
  alignas(64) float passed[function_pixels * block];
  const bool in_loop = then.is_in_loop();
  const std::int64_t at_once = in_loop ? pixels : function_pixels;
  for (std::int64_t first = 0; first < pixels; first += at_once) {
    const std::int64_t run = std::min(at_once, pixels - first), begin = first * block;
    const float* arriving = dy + begin;
    if (!in_loop) {
      pass_back_run(norms, then, x + begin, arriving, passed, run);
      arriving = passed;
    }
    for (int lane = 0; lane < block; lane += width) {
      const int i = lane / width;
      if (then.function == activation::relu)
        differentiate_lanes<true>(norms[i], means[i], x + begin + lane, arriving + lane, dx + begin + lane, run);
      else
        differentiate_lanes<false>(norms[i], means[i], x + begin + lane, arriving + lane, dx + begin + lane, run);
    }
  }
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
