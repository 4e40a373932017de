// SPDX-License-Identifier: Apache-2.0
// The geometry of a convolution-family node, read alike for its forward and backward operations; constexpr.
#pragma once

#include <cstdint>

#include "tenon/backends/kernels/convolution/packed_sizes.hpp"
#include "tenon/core/element_type.hpp"
#include "tenon/graph/graph.hpp"

// A default stands for the operations that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// What a node of the convolution family computes.
enum class convolution_role : std::uint8_t { none, forward, data_gradient, weight_gradient };

constexpr convolution_role role_of(operation op) {
  switch (op) {
    case operation::convolution:
    case operation::transposed_convolution:
      return convolution_role::forward;
    case operation::convolution_data_gradient:
    case operation::transposed_convolution_data_gradient:
      return convolution_role::data_gradient;
    case operation::convolution_weight_gradient:
    case operation::transposed_convolution_weight_gradient:
      return convolution_role::weight_gradient;
    default:
      return convolution_role::none;
  }
}

/// The values a node of the convolution family works on, whatever their gradients' roles: `source` is x or dx,
/// `destination` y or dy, `weights` w or dw.
struct convolution_values {
  std::int32_t source = -1;
  std::int32_t destination = -1;
  std::int32_t weights = -1;
};

/// Transposed convolutions have their operands where the others have them.
static_assert(fixed_operand<operation::transposed_convolution, role::weight> ==
                  fixed_operand<operation::convolution, role::weight> &&
              fixed_operand<operation::transposed_convolution_data_gradient, role::weight> ==
                  fixed_operand<operation::convolution_data_gradient, role::weight> &&
              fixed_operand<operation::transposed_convolution_weight_gradient, role::output_gradient> ==
                  fixed_operand<operation::convolution_weight_gradient, role::output_gradient>);

/// requires: role_of(of.op) is not none.
constexpr convolution_values convolution_values_of(const graph_view& graph, const node& of) {
  switch (role_of(of.op)) {
    case convolution_role::data_gradient:
      return {of.results[0],
              graph.operand(of, fixed_operand<operation::convolution_data_gradient, role::output_gradient>),
              graph.operand(of, fixed_operand<operation::convolution_data_gradient, role::weight>)};
    case convolution_role::weight_gradient:
      return {graph.operand(of, fixed_operand<operation::convolution_weight_gradient, role::activation>),
              graph.operand(of, fixed_operand<operation::convolution_weight_gradient, role::output_gradient>),
              of.results[0]};
    case convolution_role::none:
    case convolution_role::forward:
    default:
      return {graph.operand(of, fixed_operand<operation::convolution, role::activation>), of.results[0],
              graph.operand(of, fixed_operand<operation::convolution, role::weight>)};
  }
}

/// Whether the node adds a bias to its result: its own, or the one a folded norm leaves.
constexpr bool adds_bias(const node& of) {
  return role_of(of.op) == convolution_role::forward && (of.attribute.has_bias || of.attribute.folds_norm);
}

/// Whether its oneDNN primitive adds that bias and applies the fused activation; a pass of ours does it otherwise.
constexpr bool primitive_has_epilogue(const node& of) {
  return role_of(of.op) == convolution_role::forward && !is_transposed(of.op);
}

/// The extents of a node's weights: a group's channels in and out, and the kernel.
struct weight_extents {
  std::int64_t groups = 1;
  std::int64_t out = 1;
  std::int64_t in = 1;
  std::int64_t kernel = 1;  ///< number of taps

  constexpr bool is_depthwise() const { return groups > 1 && out == 1 && in == 1; }
  constexpr std::int64_t elements() const { return groups * out * in * kernel; }
  friend constexpr bool operator==(const weight_extents&, const weight_extents&) = default;
};

/// Whether kernels of ours compute what has such weights: oneDNN's are slower, and slow when dilated or in 3-D.
constexpr bool has_depthwise_kernels(const weight_extents& extents) {
  return extents.is_depthwise() && extents.kernel <= kernels::most_depthwise_taps;
}

/// requires: role_of(of.op) is not none; `values` are those of the node.
constexpr weight_extents weight_extents_of(const graph_view& graph, const node& of, const convolution_values& values) {
  const std::int64_t groups = of.attribute.groups;
  const extent3& kernel = of.attribute.kernel;
  return {groups, graph.value_at(values.destination).extents.channels() / groups,
          graph.value_at(values.source).extents.channels() / groups,
          static_cast<std::int64_t>(kernel[0]) * kernel[1] * kernel[2]};
}
constexpr weight_extents weight_extents_of(const graph_view& graph, const node& of) {
  return weight_extents_of(graph, of, convolution_values_of(graph, of));
}

/// Whether a window is the pixel at its position, as of most pointwise convolutions.
constexpr bool is_pixelwise(const attributes& of) {
  for (int d = 0; d < 3; ++d) {
    if (of.kernel.extents[d] != 1 || of.stride.extents[d] != 1 || of.dilation.extents[d] != 1) return false;
    if (of.padding_begin.extents[d] != 0 || of.padding_end.extents[d] != 0) return false;
  }
  return true;
}

/// Whether a node's windows are small: a kernel of at most 7, equal strides, padding of at most half a window and at
/// most 3. Of two nodes with such windows that differ in the extents of their images alone, oneDNN has fast code
/// for both or for none, with one order of the weights. `tests/onednn/fast_primitives.cpp` holds it against oneDNN.
constexpr bool has_usual_windows(const graph_view& graph, const node& of) {
  const attributes& attribute = of.attribute;
  if (is_pixelwise(attribute)) return true;
  const convolution_values values = convolution_values_of(graph, of);
  const bool transposed = is_transposed(of.op), sums = role_of(of.op) == convolution_role::weight_gradient;
  // A window slides over the image, and the grid has its positions; to scatter is to go from the grid to the image.
  const bool scatters = !sums && (role_of(of.op) == convolution_role::data_gradient) != transposed;
  const shape& image = graph.value_at(transposed ? values.destination : values.source).extents;
  const shape& grid = graph.value_at(transposed ? values.source : values.destination).extents;
  for (std::size_t d = image.spatial_rank() == 3 ? 0 : 1; d < 3; ++d) {
    const std::int64_t kernel = attribute.kernel[d], stride = attribute.stride[d], dilation = attribute.dilation[d];
    const std::int64_t extent = image.spatial(static_cast<int>(d)), positions = grid.spatial(static_cast<int>(d));
    // How far a window spans, and what of the first and of the last lies outside; less than 0 where the last column
    // of the image is in no window.
    const std::int64_t span = (kernel - 1) * dilation, begin = attribute.padding_begin[d];
    const std::int64_t end = (positions - 1) * stride + span + 1 - begin - extent;
    // In AVX2 oneDNN makes 3 pixels at once, and what lies outside is to be the affair of the first alone.
    const std::int64_t most = lesser(lesser<std::int64_t>(3, positions), (span + 1) / 2);
    if (kernel > 7 || span >= extent || begin > most || end > most) return false;
    if (stride != attribute.stride[2] || (dilation > 1 && (stride > 1 || sums))) return false;
    if (stride > 2 && (scatters || sums)) return false;
    if (transposed && stride > kernel) return false;
    if (scatters && (end < 0 || span - begin > 3 || span - end > 3)) return false;
  }
  return true;
}

/// Whether the node is the data gradient of a convolution that takes one pixel of each square of 2 x 2, of which the
/// image's ends may cut off the last: that of the pointwise convolution beside a residual block that halves its input.
/// oneDNN has fast code for it, with an order of the weights of its own; in AVX2 not for every odd extent.
constexpr bool scatters_samples(const graph_view& graph, const node& of) {
  if (of.op != operation::convolution_data_gradient) return false;
  const shape &image = graph.result_value(of).extents,
              &grid =
                  graph.operand_value(of, fixed_operand<operation::convolution_data_gradient, role::output_gradient>)
                      .extents;
  for (int d = 1; d < 3; ++d) {
    if (of.attribute.kernel.extents[d] != 1 || of.attribute.stride.extents[d] != 2) return false;
    if (of.attribute.padding_begin.extents[d] != 0 || grid.spatial(d) != (image.spatial(d) + 1) / 2) return false;
  }
  return true;
}

/// Whether oneDNN has fast code for the node wherever it has AVX2, or AVX-512, so that a program need not carry ours
/// for such processors. It is said of what networks usually have. Of volumes, images of one channel, groups, and what
/// else is not listed here oneDNN is asked when the program is made. `tests/onednn/fast_primitives.cpp` holds it
/// against oneDNN.
constexpr bool has_fast_primitive(const graph_view& graph, const node& of, bool with_avx512 = false) {
  const attributes& attribute = of.attribute;
  const convolution_values values = convolution_values_of(graph, of);
  const bool sums = role_of(of.op) == convolution_role::weight_gradient;
  const value& image = graph.value_at(is_transposed(of.op) ? values.destination : values.source);
  if (attribute.groups != 1 || image.extents.spatial_rank() == 3 || image.extents.channels() == 1) return false;
  // A stem of two channels has no fast weight gradient in AVX2.
  if (sums && image.arrangement == layout::contiguous && image.extents.channels() == 2) return false;
  if (has_usual_windows(graph, of)) return true;
  if (!scatters_samples(graph, of)) return false;
  const bool cuts_rows = image.extents.spatial(1) % 2 != 0, cuts_columns = image.extents.spatial(2) % 2 != 0;
  if (!cuts_rows && !cuts_columns) return true;
  if (attribute.dilation[1] != 1 || attribute.dilation[2] != 1) return false;
  // With uncut columns a row must not be whole sets of the pixels that oneDNN makes at once: 28 in AVX-512, fewer in
  // AVX2.
  return cuts_columns || (with_avx512 && image.extents.spatial(2) % 14 != 0);
}

/// The extents when channels of blocked values count up to whole blocks. Their padding is zero, so a convolution over
/// it is exact, and oneDNN finds whole blocks, for which it has its fast code. Groups of several channels cannot
/// grow: theirs lie side by side.
constexpr weight_extents whole_blocks(weight_extents extents, std::int64_t block, bool source_is_blocked,
                                      bool destination_is_blocked) {
  if (extents.is_depthwise()) {
    if (source_is_blocked && destination_is_blocked) extents.groups = round_up(extents.groups, block);
  } else if (extents.groups == 1) {
    if (source_is_blocked) extents.in = round_up(extents.in, block);
    if (destination_is_blocked) extents.out = round_up(extents.out, block);
  }
  return extents;
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
