// SPDX-License-Identifier: Apache-2.0
// Weights between PyTorch's contiguous order and the blocked order a oneDNN primitive has chosen, norms folded on the
// way.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/backends/onednn/handle.hpp"
#include "tenon/core/parallel.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// How weights lie in a oneDNN memory: read from its descriptor, which has dimensions ([g,] o, i, [d,] h, w).
struct weight_format {
  static constexpr int group = 0, out = 1, in = 2, first_kernel = 3, dimensions = 6;

  std::int64_t stride[dimensions] = {};  ///< of whole blocks
  std::int64_t kernel[3] = {1, 1, 1};    ///< depth, height, width
  int block_count = 0;
  std::int64_t block[DNNL_MAX_NDIMS] = {};  ///< extents of inner blocks, outermost first
  int block_dimension[DNNL_MAX_NDIMS] = {};
  std::int64_t bytes = 0;
  weight_extents extents;  ///< the descriptor's, padding of whole_blocks included

  /// What index x of one dimension adds to the offset of an element; offsets are sums over the dimensions.
  std::int64_t offset(int dimension, std::int64_t x) const {
    std::int64_t sum = 0, step = 1;
    for (int i = block_count - 1; i >= 0; --i) {
      if (block_dimension[i] == dimension) {
        sum += x % block[i] * step;
        x /= block[i];
      }
      step *= block[i];
    }
    return sum + x * stride[dimension];
  }

  /// What tap k of the kernel, counted row-major, adds.
  std::int64_t tap_offset(std::int64_t k) const {
    return offset(first_kernel, k / (kernel[1] * kernel[2])) + offset(first_kernel + 1, k / kernel[2] % kernel[1]) +
           offset(first_kernel + 2, k % kernel[2]);
  }
};

/// Reads a weights descriptor.
/// throws: backend_error if it is not of the blocked kind.
inline weight_format weight_format_of(const_dnnl_memory_desc_t descriptor, bool has_groups, int spatial_rank,
                                      const weight_extents& extents, std::string_view scope) {
  constexpr const char* call = "dnnl_memory_desc_query";
  dnnl_format_kind_t kind = dnnl_format_kind_undef;
  check(dnnl_memory_desc_query(descriptor, dnnl_query_format_kind, &kind), call, scope);
  if (kind != dnnl_blocked)
    throw backend_error(joined({"oneDNN chose an opaque weight layout for '", scope, "'"}), std::string(scope),
                        "a blocked layout", "an opaque one");
  const dnnl_dims_t *strides = nullptr, *dims = nullptr, *blocks = nullptr, *block_dimensions = nullptr;
  int count = 0;
  check(dnnl_memory_desc_query(descriptor, dnnl_query_strides, &strides), call, scope);
  check(dnnl_memory_desc_query(descriptor, dnnl_query_dims, &dims), call, scope);
  check(dnnl_memory_desc_query(descriptor, dnnl_query_inner_nblks_s32, &count), call, scope);
  check(dnnl_memory_desc_query(descriptor, dnnl_query_inner_blks, &blocks), call, scope);
  check(dnnl_memory_desc_query(descriptor, dnnl_query_inner_idxs, &block_dimensions), call, scope);

  weight_format format;
  format.extents = extents;
  format.bytes = static_cast<std::int64_t>(dnnl_memory_desc_get_size(descriptor));
  // Position of a descriptor's dimension among ours: groups may lack, and depth of a 2-D node.
  const auto ours = [&](int theirs) {
    const int dense = has_groups ? theirs : theirs + 1;
    return dense < weight_format::first_kernel ? dense : dense + 3 - spatial_rank;
  };
  const int rank = (has_groups ? 3 : 2) + spatial_rank;
  for (int i = 0; i < rank; ++i) {
    format.stride[ours(i)] = (*strides)[i];
    if (ours(i) >= weight_format::first_kernel) format.kernel[ours(i) - weight_format::first_kernel] = (*dims)[i];
  }
  format.block_count = count;
  for (int i = 0; i < count; ++i) {
    format.block[i] = (*blocks)[i];
    format.block_dimension[i] = ours(static_cast<int>((*block_dimensions)[i]));
  }
  return format;
}

/// Where an element of a parameter lies: (O, I/groups, k...), or (I, O/groups, k...) of a transposed convolution.
struct parameter_weights {
  weight_extents extents;
  bool transposed = false;

  std::int64_t group_stride() const { return extents.out * extents.in * extents.kernel; }
  std::int64_t out_stride() const { return transposed ? extents.kernel : extents.in * extents.kernel; }
  std::int64_t in_stride() const { return transposed ? extents.out * extents.kernel : extents.kernel; }
  /// Of the first tap.
  std::int64_t offset(std::int64_t group, std::int64_t out, std::int64_t in) const {
    return group * group_stride() + out * out_stride() + in * in_stride();
  }
};

/// A tile of weights on the stack: up to 16 x 16 channels of one group with some taps, taps innermost. Going through
/// it, both orders are read and written in runs.
struct weight_tile {
  static constexpr std::int64_t side = 16, most_taps = 27;

  std::int64_t group = 0, first_out = 0, out_count = 0, first_in = 0, in_count = 0, first_tap = 0, tap_count = 0;
  std::int64_t out_offset[side] = {}, in_offset[side] = {}, tap_offset[most_taps] = {};  ///< in the format
  bool out_is_inner = false;  ///< output channels lie side by side in the format
  float elements[side * side * most_taps];

  float* row(std::int64_t out) { return elements + out * side * tap_count; }
  float& at(std::int64_t out, std::int64_t in, std::int64_t tap) { return row(out)[in * tap_count + tap]; }
};

/// Calls visit(tile) for tiles that cover all weights, in parallel; the elements are the visitor's to fill.
template <class Visit>
void for_each_tile(const weight_format& format, const weight_extents& extents, const Visit& visit) {
  constexpr std::int64_t side = weight_tile::side;
  const std::int64_t rows = (extents.out + side - 1) / side;
  parallel_for(extents.groups * rows, [&](std::int64_t begin, std::int64_t end) {
    weight_tile tile;
    for (std::int64_t row = begin; row < end; ++row) {
      tile.group = row / rows;
      tile.first_out = row % rows * side;
      tile.out_count = std::min(side, extents.out - tile.first_out);
      for (std::int64_t o = 0; o < tile.out_count; ++o)
        tile.out_offset[o] =
            format.offset(weight_format::group, tile.group) + format.offset(weight_format::out, tile.first_out + o);
      tile.out_is_inner = tile.out_offset[tile.out_count - 1] == tile.out_offset[0] + tile.out_count - 1;
      for (tile.first_in = 0; tile.first_in < extents.in; tile.first_in += side) {
        tile.in_count = std::min(side, extents.in - tile.first_in);
        for (std::int64_t i = 0; i < tile.in_count; ++i)
          tile.in_offset[i] = format.offset(weight_format::in, tile.first_in + i);
        for (tile.first_tap = 0; tile.first_tap < extents.kernel; tile.first_tap += weight_tile::most_taps) {
          tile.tap_count = std::min(weight_tile::most_taps, extents.kernel - tile.first_tap);
          for (std::int64_t k = 0; k < tile.tap_count; ++k) tile.tap_offset[k] = format.tap_offset(tile.first_tap + k);
          visit(tile);
        }
      }
    }
  });
}

/// Calls visit(element, offset) for each element of a tile, in the order in which the format has them.
template <class Visit>
void for_each_element(weight_tile& tile, const Visit& visit) {
  const std::int64_t outs = tile.out_count, ins = tile.in_count;
  for (std::int64_t k = 0; k < tile.tap_count; ++k) {
    if (tile.out_is_inner) {
      for (std::int64_t i = 0; i < ins; ++i) {
        const std::int64_t first = tile.out_offset[0] + tile.in_offset[i] + tile.tap_offset[k];
        for (std::int64_t o = 0; o < outs; ++o) visit(tile.at(o, i, k), first + o);
      }
    } else {
      for (std::int64_t o = 0; o < outs; ++o)
        for (std::int64_t i = 0; i < ins; ++i)
          visit(tile.at(o, i, k), tile.out_offset[o] + tile.in_offset[i] + tile.tap_offset[k]);
    }
  }
}

/// Calls visit(position, element, count) for the runs of a tile's output channel that a parameter has in one piece:
/// `element` points into the tile, `position` counts from the parameter's start.
template <class Visit>
void for_each_run(weight_tile& tile, std::int64_t out, const parameter_weights& parameter, const Visit& visit) {
  const std::int64_t taps = tile.tap_count, step = parameter.in_stride();
  const std::int64_t first = parameter.offset(tile.group, tile.first_out + out, tile.first_in) + tile.first_tap;
  if (step == taps) return visit(first, tile.row(out), tile.in_count * taps);
  for (std::int64_t i = 0; i < tile.in_count; ++i) visit(first + i * step, &tile.at(out, i, 0), taps);
}

/// The operands of a folded norm, a value an output channel each.
struct folded_norm {
  const float* scale = nullptr;  ///< nullptr: no norm
  const float* shift = nullptr;
  const float* mean = nullptr;
  const float* variance = nullptr;
  double epsilon = 0;

  float factor(std::int64_t channel) const {
    return static_cast<float>(static_cast<double>(scale[channel]) /
                              std::sqrt(static_cast<double>(variance[channel]) + epsilon));
  }
};

/// Writes a parameter into a format; output channels are multiplied by the norm's factors, padding becomes zero.
inline void pack_weights(const float* from, const parameter_weights& parameter, const folded_norm& norm, float* to,
                         const weight_format& format) {
  const weight_extents& extents = parameter.extents;
  if (format.bytes != extents.elements() * std::int64_t{sizeof(float)})
    std::memset(to, 0, static_cast<std::size_t>(format.bytes));
  for_each_tile(format, extents, [&](weight_tile& tile) {
    for (std::int64_t o = 0; o < tile.out_count; ++o) {
      const float factor = norm.scale == nullptr ? 1.0F : norm.factor(tile.group * extents.out + tile.first_out + o);
      for_each_run(tile, o, parameter, [&](std::int64_t position, float* elements, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) elements[i] = from[position + i] * factor;
      });
    }
    for_each_element(tile, [to](float element, std::int64_t offset) { to[offset] = element; });
  });
}

/// Writes a gradient that lies in a format in the parameter's contiguous order.
inline void unpack_weights(const float* from, const weight_format& format, float* to,
                           const parameter_weights& parameter) {
  const weight_extents& extents = parameter.extents;
  for_each_tile(format, extents, [&](weight_tile& tile) {
    for_each_element(tile, [from](float& element, std::int64_t offset) { element = from[offset]; });
    for (std::int64_t o = 0; o < tile.out_count; ++o)
      for_each_run(tile, o, parameter, [to](std::int64_t position, const float* elements, std::int64_t count) {
        std::copy_n(elements, count, to + position);
      });
  });
}

/// Writes the bias of `channels` output channels, padded with zeros to `padded`: the own one (nullptr: none) through
/// the norm.
inline void pack_bias(const float* bias, const folded_norm& norm, float* to, std::int64_t channels,
                      std::int64_t padded) {
  for (std::int64_t o = 0; o < channels; ++o) {
    const float own = bias == nullptr ? 0.0F : bias[o];
    to[o] = norm.scale == nullptr ? own : norm.shift[o] + (own - norm.mean[o]) * norm.factor(o);
  }
  for (std::int64_t o = channels; o < padded; ++o) to[o] = 0;
}

/// Whether the format is the parameter's own order.
inline bool is_contiguous(const weight_format& format, const parameter_weights& parameter) {
  const weight_extents& extents = parameter.extents;
  const auto runs_like = [](std::int64_t extent, std::int64_t stride, std::int64_t expected) {
    return extent == 1 || stride == expected;
  };
  return format.block_count == 0 && format.extents == extents &&
         runs_like(extents.groups, format.stride[weight_format::group], parameter.group_stride()) &&
         runs_like(extents.out, format.stride[weight_format::out], parameter.out_stride()) &&
         runs_like(extents.in, format.stride[weight_format::in], parameter.in_stride()) &&
         runs_like(format.kernel[0], format.stride[weight_format::first_kernel], format.kernel[1] * format.kernel[2]) &&
         runs_like(format.kernel[1], format.stride[weight_format::first_kernel + 1], format.kernel[2]) &&
         runs_like(format.kernel[2], format.stride[weight_format::first_kernel + 2], 1);
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
