// SPDX-License-Identifier: Apache-2.0
// The kernels of plane_norm.hpp: read once for each instruction set, by each_isa.hpp.

namespace tenon {
inline namespace v0 {
namespace kernels {
namespace TENON_KERNEL_ISA {

/// A channel's norm for a block of its pixels.
struct plane_norm {
  channel_norm norms[block / width];

  TENON_KERNEL plane_norm(const norm_parameters& of, std::int64_t channel) {
    for (channel_norm& each : norms)
      each = {all(of.scale[channel]), all(of.shift[channel]), all(of.mean[channel]),
              1.0f / square_root(all(of.variance[channel]) + of.epsilon)};
  }
};

/// What does not fill a block, with zeros behind it.
struct plane_rest {
  alignas(64) float floats[block] = {};

  plane_rest(const float* from, std::int64_t count) {
    if (from != nullptr) std::copy_n(from, count, floats);
  }
};

/// What a norm of planes works on; the pointers are as norm_round has them.
struct plane_arguments {
  const float* x;
  const float* dy;
  const float* residual;
  float* y;  ///< or dx
  norm_parameters parameters;
  norm_function then;
  plane_tiles tiles;
  equal_parts parts;
  plane_moments* moments = nullptr;                    ///< of each channel's parts
  plane_sums* sums = nullptr;                          ///< of each channel's parts
  const double* gradient_means_of_channels = nullptr;  ///< of each channel: what is taken from the gradient
  const double* weighted_means = nullptr;
};

/// All tiles, those of one channel one after the other.
TENON_KERNEL inline void normalize_planes_part(const plane_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t channel = i / of.tiles.of_channel, tile = i % of.tiles.of_channel;
    const std::int64_t at = of.tiles.place(channel, tile), count = of.tiles.floats(tile);
    const std::int64_t whole = count / block * block, rest = count - whole;
    const plane_norm norm(of.parameters, channel);
    const float* const residual = of.residual == nullptr ? nullptr : of.residual + at;
    normalize_tile(norm.norms, of.then, of.x + at, residual, of.y + at, whole / block, block);
    if (rest == 0) continue;
    plane_rest last(of.x + at + whole, rest);
    const plane_rest added(residual == nullptr ? nullptr : residual + whole, rest);
    normalize_tile(norm.norms, of.then, last.floats, residual == nullptr ? nullptr : added.floats, last.floats, 1,
                   block);
    std::copy_n(last.floats, rest, of.y + at + whole);
  }
}

/// Parts of the sums of all channels.
TENON_KERNEL inline void plane_moments_part(const plane_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t channel = part / of.parts.count, in_channel = part % of.parts.count;
    plane_moments moments;
    for (std::int64_t tile = of.parts.begin(in_channel); tile < of.parts.end(in_channel); ++tile) {
      const float* const x = of.x + of.tiles.place(channel, tile);
      const std::int64_t count = of.tiles.floats(tile), pixels = count / block;
      if (pixels > 0) {
        block_sums lanes{};
        moments_tile(x, pixels, 0, lanes);
        for (std::size_t k = 0; k < block; ++k)
          moments.join(static_cast<double>(pixels), lanes.first[k], lanes.second[k]);
      }
      for (std::int64_t i = pixels * block; i < count; ++i) moments.join(1, static_cast<double>(x[i]), 0);
    }
    of.moments[part] = moments;
  }
}

TENON_KERNEL inline void plane_sums_part(const plane_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t channel = part / of.parts.count, in_channel = part % of.parts.count;
    const plane_norm norm(of.parameters, channel);
    block_sums lanes{};
    for (std::int64_t tile = of.parts.begin(in_channel); tile < of.parts.end(in_channel); ++tile) {
      const std::int64_t at = of.tiles.place(channel, tile), count = of.tiles.floats(tile);
      const std::int64_t whole = count / block * block, rest = count - whole;
      gradient_sums_tile(norm.norms, of.then, of.x + at, of.dy + at, whole / block, lanes);
      if (rest == 0) continue;
      const plane_rest x(of.x + at + whole, rest), dy(of.dy + at + whole, rest);
      gradient_sums_tile(norm.norms, of.then, x.floats, dy.floats, 1, lanes);
    }
    plane_sums sums;
    for (std::size_t k = 0; k < block; ++k) {
      sums.unweighted += lanes.first[k];
      sums.weighted += lanes.second[k];
    }
    of.sums[part] = sums;
  }
}

TENON_KERNEL inline void differentiate_planes_part(const plane_arguments& of, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t channel = i / of.tiles.of_channel, tile = i % of.tiles.of_channel;
    const std::int64_t at = of.tiles.place(channel, tile), count = of.tiles.floats(tile);
    const std::int64_t whole = count / block * block, rest = count - whole;
    const plane_norm norm(of.parameters, channel);
    gradient_means means[block / width];
    for (gradient_means& each : means)
      each = {all(static_cast<float>(of.gradient_means_of_channels[channel])),
              all(static_cast<float>(of.weighted_means[channel]))};
    differentiate_tile(norm.norms, means, of.then, of.x + at, of.dy + at, of.y + at, whole / block);
    if (rest == 0) continue;
    const plane_rest x(of.x + at + whole, rest);
    plane_rest gradient(of.dy + at + whole, rest);
    differentiate_tile(norm.norms, means, of.then, x.floats, gradient.floats, gradient.floats, 1);
    std::copy_n(gradient.floats, rest, of.y + at + whole);
  }
}

/// x, [residual] -> y by given statistics
inline void normalize_planes(const norm_round& of, const operand& x) {
  const plane_tiles tiles(x.extents);
  const plane_arguments arguments{of.x, nullptr, of.residual, of.y, of.parameters, of.then, tiles, tiles.parts()};
  in_parallel(tiles.channels * tiles.of_channel, normalize_planes_part, arguments);
}

/// The same by the batch's statistics, which are written where the parameters have them.
inline void normalize_planes_training(const norm_round& of, const operand& x, float* mean, float* variance) {
  const plane_tiles tiles(x.extents);
  plane_arguments arguments{of.x, nullptr, of.residual, of.y, of.parameters, of.then, tiles, tiles.parts()};
  std::array<plane_moments, most_parts> moments;
  arguments.moments = moments.data();
  in_parallel(tiles.channels * arguments.parts.count, plane_moments_part, arguments);
  for (std::int64_t channel = 0; channel < tiles.channels; ++channel) {
    plane_moments joined;
    for (std::int64_t part = 0; part < arguments.parts.count; ++part) {
      const plane_moments& more = moments[static_cast<std::size_t>(channel * arguments.parts.count + part)];
      joined.join(more.count, more.mean, more.squares);
    }
    mean[channel] = static_cast<float>(joined.mean);
    variance[channel] = static_cast<float>(joined.squares / joined.count);
  }
  in_parallel(tiles.channels * tiles.of_channel, normalize_planes_part, arguments);
}

/// x, dy -> dx, dscale, dshift; what is nullptr is left out.
inline void differentiate_planes(const norm_round& of, const operand& x, bool frozen, float* dscale, float* dshift) {
  const plane_tiles tiles(x.extents);
  plane_arguments arguments{of.x, of.dy, nullptr, of.y, of.parameters, of.then, tiles, tiles.parts()};
  std::array<double, most_parts> unweighted{}, weighted{};
  if (!frozen || dscale != nullptr || dshift != nullptr) {
    std::array<plane_sums, most_parts> sums;
    arguments.sums = sums.data();
    in_parallel(tiles.channels * arguments.parts.count, plane_sums_part, arguments);
    for (std::int64_t channel = 0; channel < tiles.channels; ++channel) {
      plane_sums added;
      for (std::int64_t part = 0; part < arguments.parts.count; ++part) {
        const plane_sums& more = sums[static_cast<std::size_t>(channel * arguments.parts.count + part)];
        added.unweighted += more.unweighted;
        added.weighted += more.weighted;
      }
      if (dscale != nullptr) dscale[channel] = static_cast<float>(added.weighted);
      if (dshift != nullptr) dshift[channel] = static_cast<float>(added.unweighted);
      if (frozen) continue;
      const double factor =
          static_cast<double>(of.parameters.scale[channel]) / static_cast<double>(x.extents.batch() * tiles.pixels);
      unweighted[static_cast<std::size_t>(channel)] = added.unweighted * factor;
      weighted[static_cast<std::size_t>(channel)] = added.weighted * factor;
    }
  }
  if (of.y == nullptr) return;
  arguments.gradient_means_of_channels = unweighted.data();
  arguments.weighted_means = weighted.data();
  in_parallel(tiles.channels * tiles.of_channel, differentiate_planes_part, arguments);
}

}  // namespace TENON_KERNEL_ISA
}  // namespace kernels
}  // namespace v0
}  // namespace tenon
