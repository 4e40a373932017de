// SPDX-License-Identifier: Apache-2.0
// Weights between PyTorch's plain order and the blocked order a oneDNN primitive has chosen, norms folded on the way.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tenon/backends/onednn/geometry.hpp"
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
};

/// Reads a weights descriptor.
/// throws: backend_error if it is not of the blocked kind.
inline weight_format weight_format_of(const_dnnl_memory_desc_t descriptor, bool has_groups, int spatial_rank,
                                      const weight_extents& extents, std::string_view scope) {
  constexpr const char* call = "dnnl_memory_desc_query";
  dnnl_format_kind_t kind = dnnl_format_kind_undef;
  check(dnnl_memory_desc_query(descriptor, dnnl_query_format_kind, &kind), call, scope);
  if (kind != dnnl_blocked)
    throw backend_error("oneDNN chose an opaque weight layout for '" + std::string(scope) + "'", std::string(scope),
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
struct plain_weights {
  weight_extents extents;
  bool transposed = false;

  std::int64_t group_stride() const { return extents.out * extents.in * extents.kernel; }
  std::int64_t out_stride() const { return transposed ? extents.kernel : extents.in * extents.kernel; }
  std::int64_t in_stride() const { return transposed ? extents.out * extents.kernel : extents.kernel; }
};

/// Calls visit(g, first_o, last_o, offsets) for tiles of up to 16 output channels of a group, in parallel; offsets[i]
/// is what channel first_o + i adds to an element's offset in the format.
template <class Visit>
void for_each_tile(const weight_format& format, const weight_extents& extents, const Visit& visit) {
  constexpr std::int64_t tile = 16;
  const std::int64_t tiles = (extents.out + tile - 1) / tile;
  parallel_for(extents.groups * tiles, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t group = t / tiles, first = t % tiles * tile;
      const std::int64_t last = std::min(first + tile, extents.out);
      std::int64_t offsets[tile];
      for (std::int64_t o = first; o < last; ++o)
        offsets[o - first] = format.offset(weight_format::group, group) + format.offset(weight_format::out, o);
      visit(group, first, last, offsets);
    }
  });
}

/// Calls visit(k, offset) for each tap of the kernel, k counted row-major.
template <class Visit>
void for_each_tap(const weight_format& format, const Visit& visit) {
  std::int64_t k = 0;
  for (std::int64_t d = 0; d < format.kernel[0]; ++d)
    for (std::int64_t h = 0; h < format.kernel[1]; ++h)
      for (std::int64_t w = 0; w < format.kernel[2]; ++w, ++k)
        visit(k, format.offset(weight_format::first_kernel, d) + format.offset(weight_format::first_kernel + 1, h) +
                     format.offset(weight_format::first_kernel + 2, w));
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
inline void pack_weights(const float* from, const plain_weights& plain, const folded_norm& norm, float* to,
                         const weight_format& format) {
  const weight_extents& extents = plain.extents;
  if (format.bytes != extents.elements() * 4) std::memset(to, 0, static_cast<std::size_t>(format.bytes));
  for_each_tile(format, extents, [&](std::int64_t g, std::int64_t first, std::int64_t last, const std::int64_t* tile) {
    float factors[16];
    for (std::int64_t o = first; o < last; ++o)
      factors[o - first] = norm.scale == nullptr ? 1.0F : norm.factor(g * extents.out + o);
    const std::int64_t out_stride = plain.out_stride(), count = last - first;
    const float* source = from + g * plain.group_stride() + first * out_stride;
    for (std::int64_t i = 0; i < extents.in; ++i) {
      const std::int64_t channel = format.offset(weight_format::in, i);
      for_each_tap(format, [&](std::int64_t k, std::int64_t tap) {
        const float* element = source + i * plain.in_stride() + k;
        for (std::int64_t o = 0; o < count; ++o) to[tile[o] + channel + tap] = element[o * out_stride] * factors[o];
      });
    }
  });
}

/// Writes a gradient that lies in a format in the parameter's plain order.
inline void unpack_weights(const float* from, const weight_format& format, float* to, const plain_weights& plain) {
  const weight_extents& extents = plain.extents;
  for_each_tile(format, extents, [&](std::int64_t g, std::int64_t first, std::int64_t last, const std::int64_t* tile) {
    const std::int64_t out_stride = plain.out_stride(), count = last - first;
    float* target = to + g * plain.group_stride() + first * out_stride;
    for (std::int64_t i = 0; i < extents.in; ++i) {
      const std::int64_t channel = format.offset(weight_format::in, i);
      for_each_tap(format, [&](std::int64_t k, std::int64_t tap) {
        float* element = target + i * plain.in_stride() + k;
        for (std::int64_t o = 0; o < count; ++o) element[o * out_stride] = from[tile[o] + channel + tap];
      });
    }
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
inline bool is_plain(const weight_format& format, const plain_weights& plain) {
  const weight_extents& extents = plain.extents;
  const auto runs_like = [](std::int64_t extent, std::int64_t stride, std::int64_t expected) {
    return extent == 1 || stride == expected;
  };
  return format.block_count == 0 && format.extents == extents &&
         runs_like(extents.groups, format.stride[weight_format::group], plain.group_stride()) &&
         runs_like(extents.out, format.stride[weight_format::out], plain.out_stride()) &&
         runs_like(extents.in, format.stride[weight_format::in], plain.in_stride()) &&
         runs_like(format.kernel[0], format.stride[weight_format::first_kernel], format.kernel[1] * format.kernel[2]) &&
         runs_like(format.kernel[1], format.stride[weight_format::first_kernel + 1], format.kernel[2]) &&
         runs_like(format.kernel[2], format.stride[weight_format::first_kernel + 2], 1);
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
