// SPDX-License-Identifier: Apache-2.0
// Primitive descriptors of the convolution family.
#pragma once

#include <limits>
#include <string_view>

#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/backends/onednn/handle.hpp"
#include "tenon/core/compiler.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// The tag of an activation of the given rank.
inline dnnl_format_tag_t tag_of(layout arrangement, int rank, int block) {
  if (arrangement == layout::contiguous) return rank == 4 ? dnnl_abcd : dnnl_abcde;
  if (block == 16) return rank == 4 ? dnnl_aBcd16b : dnnl_aBcde16b;
  return rank == 4 ? dnnl_aBcd8b : dnnl_aBcde8b;
}

/// Describes an activation with the given number of channels, which may count the padding of its last block.
inline memory_descriptor describe(const value& of, std::int64_t channels, int block, std::string_view scope) {
  dnnl_dims_t dims = {};
  for (int i = 0; i < of.extents.rank; ++i) dims[i] = of.extents[i];
  dims[1] = channels;
  memory_descriptor result;
  check(dnnl_memory_desc_create_with_tag(result.put(), of.extents.rank, dims, dnnl_f32,
                                         tag_of(of.arrangement, of.extents.rank, block)),
        "dnnl_memory_desc_create_with_tag", scope);
  return result;
}

/// A sliding window in oneDNN's terms, one entry a spatial dimension.
struct window_dimensions {
  dnnl_dims_t strides = {}, dilations = {}, begin = {}, end = {};

  window_dimensions(const attributes& attribute, const shape& source, const shape& destination, bool transposed) {
    const int rank = source.spatial_rank();
    for (int i = 0; i < rank; ++i) {
      const int dimension = 3 - rank + i;
      const auto at = static_cast<std::size_t>(dimension);
      strides[i] = attribute.stride[at];
      dilations[i] = attribute.dilation[at] - 1;
      begin[i] = attribute.padding_begin[at];
      end[i] = attribute.padding_end[at];
      // A transposed convolution's extra rows (PyTorch's output_padding) are less padding at the end.
      if (transposed)
        end[i] = (source.spatial(dimension) - 1) * strides[i] + (attribute.kernel[at] - 1) * attribute.dilation[at] +
                 1 - begin[i] - destination.spatial(dimension);
    }
  }
};

/// Where a fused activation ends in a PReLU of slope 0: its number among the post-operations, or -1.
constexpr int rectifier_position(const attributes& attribute) {
  const int first = attribute.adds ? 1 : 0;
  switch (attribute.fused) {
    case activation::relu:
      return first;
    case activation::leaky_relu:
      return static_cast<float>(attribute.slope) == 0 ? first : -1;  // or it would be oneDNN's ReLU
    case activation::relu6:
      return first + 1;
    case activation::hard_sigmoid:
      return first + 2;
    case activation::none:
    case activation::elu:
    case activation::sigmoid:
    case activation::hard_swish:
    default:
      return -1;
  }
}

TENON_EXACT_BEGIN

/// Appends a fused activation; a NaN stays one.
///
/// oneDNN's own ReLU, clip and hard sigmoid make numbers of NaN, for the greater of NaN and a bound is its bound. So a
/// lower bound of 0 is a PReLU of slope 0, which makes NaN of NaN; and an upper bound is a clip between -infinity and
/// it: of NaN that makes -infinity, and the PReLU makes NaN of -infinity. These three functions hence give NaN, not 0,
/// for -infinity.
inline void append_function(dnnl_post_ops_t to, const attributes& attribute, std::string_view scope) {
  const auto append = [&](dnnl_alg_kind_t kind, float alpha, float beta) {
    check(dnnl_post_ops_append_eltwise(to, kind, alpha, beta), "dnnl_post_ops_append_eltwise", scope);
  };
  constexpr float lowest = -std::numeric_limits<float>::infinity();
  const auto slope = static_cast<float>(attribute.slope);
  switch (attribute.fused) {
    case activation::leaky_relu:
      if (slope != 0) append(dnnl_eltwise_relu, slope, 0.0F);
      break;
    case activation::relu6:
      append(dnnl_eltwise_clip_v2, lowest, 6.0F);
      break;
    case activation::elu:
      append(dnnl_eltwise_elu, slope, 0.0F);
      break;
    case activation::sigmoid:
      append(dnnl_eltwise_logistic, 0.0F, 0.0F);
      break;
    case activation::hard_sigmoid:
      append(dnnl_eltwise_linear, 1.0F / 6.0F, 0.5F);
      append(dnnl_eltwise_clip_v2, lowest, 1.0F);
      break;
    case activation::hard_swish:
      append(dnnl_eltwise_hardswish, 1.0F / 6.0F, 0.5F);
      break;
    case activation::none:
    case activation::relu:
    default:
      break;
  }
  if (rectifier_position(attribute) >= 0) check(dnnl_post_ops_append_prelu(to, 0), "dnnl_post_ops_append_prelu", scope);
}

TENON_EXACT_END

/// Makes the primitive descriptor of a convolution-family node.
class convolution_description {
 public:
  /// `its_extents` are the weights' as oneDNN shall see them. The graph must outlive the description.
  convolution_description(dnnl_engine_t its_engine, const graph_view& its_graph, const node& its_node,
                          const weight_extents& its_extents, int its_block, std::string_view its_scope)
      : engine_(its_engine),
        graph_(its_graph),
        node_(its_node),
        extents_(its_extents),
        block_(its_block),
        scope_(its_scope) {}

  /// Makes the descriptor; its weights' layout is oneDNN's choice, or the given one.
  primitive_descriptor make(const_dnnl_memory_desc_t format = nullptr) const {
    const convolution_values values = convolution_values_of(graph_, node_);
    const value &from = graph_.value_at(values.source), &to = graph_.value_at(values.destination);
    const memory_descriptor source = describe(from, extents_.groups * extents_.in, block_, scope_);
    const memory_descriptor destination = describe(to, extents_.groups * extents_.out, block_, scope_);
    const memory_descriptor any = describe_weights(from.extents.spatial_rank()), bias = describe_bias();
    const const_dnnl_memory_desc_t weights = format == nullptr ? any.get() : format;
    const window_dimensions window(node_.attribute, from.extents, to.extents, is_transposed(node_.op));
    const primitive_attributes attribute = describe_attributes();
    const bool transposed = is_transposed(node_.op);
    const convolution_role role = role_of(node_.op);
    const dnnl_alg_kind_t algorithm = transposed ? dnnl_deconvolution_direct : dnnl_convolution_direct;

    // A backward descriptor takes a forward one as a hint.
    primitive_descriptor forward, backward;
    const auto make_forward =
        transposed ? dnnl_deconvolution_forward_primitive_desc_create : dnnl_convolution_forward_primitive_desc_create;
    const char* call = transposed ? "dnnl_deconvolution_forward_primitive_desc_create"
                                  : "dnnl_convolution_forward_primitive_desc_create";
    check(
        make_forward(forward.put(), engine_, role == convolution_role::forward ? dnnl_forward_inference : dnnl_forward,
                     algorithm, source.get(), weights, bias.get(), destination.get(), window.strides, window.dilations,
                     window.begin, window.end, attribute.get()),
        call, scope_);
    if (role == convolution_role::forward) return forward;

    if (role == convolution_role::data_gradient) {
      const auto make_backward = transposed ? dnnl_deconvolution_backward_data_primitive_desc_create
                                            : dnnl_convolution_backward_data_primitive_desc_create;
      call = transposed ? "dnnl_deconvolution_backward_data_primitive_desc_create"
                        : "dnnl_convolution_backward_data_primitive_desc_create";
      check(make_backward(backward.put(), engine_, algorithm, source.get(), weights, destination.get(), window.strides,
                          window.dilations, window.begin, window.end, forward.get(), attribute.get()),
            call, scope_);
    } else {
      const auto make_backward = transposed ? dnnl_deconvolution_backward_weights_primitive_desc_create
                                            : dnnl_convolution_backward_weights_primitive_desc_create;
      call = transposed ? "dnnl_deconvolution_backward_weights_primitive_desc_create"
                        : "dnnl_convolution_backward_weights_primitive_desc_create";
      check(make_backward(backward.put(), engine_, algorithm, source.get(), weights, bias.get(), destination.get(),
                          window.strides, window.dilations, window.begin, window.end, forward.get(), attribute.get()),
            call, scope_);
    }
    return backward;
  }

 private:
  memory_descriptor describe_weights(int spatial_rank) const {
    dnnl_dims_t dims = {};
    int rank = 0;
    if (extents_.groups > 1) dims[rank++] = extents_.groups;
    dims[rank++] = extents_.out;
    dims[rank++] = extents_.in;
    for (int i = 3 - spatial_rank; i < 3; ++i) dims[rank++] = node_.attribute.kernel[static_cast<std::size_t>(i)];
    memory_descriptor result;
    check(dnnl_memory_desc_create_with_tag(result.put(), rank, dims, dnnl_f32, dnnl_format_tag_any),
          "dnnl_memory_desc_create_with_tag", scope_);
    return result;
  }

  /// Describes the bias or its gradient, if the primitive has any.
  memory_descriptor describe_bias() const {
    const bool is_gradient = role_of(node_.op) == convolution_role::weight_gradient;
    memory_descriptor result;
    if (is_gradient ? !node_.attribute.has_bias : !primitive_has_epilogue(node_) || !adds_bias(node_)) return result;
    const dnnl_dims_t dims = {extents_.groups * extents_.out};
    check(dnnl_memory_desc_create_with_tag(result.put(), 1, dims, dnnl_f32, dnnl_a), "dnnl_memory_desc_create_with_tag",
          scope_);
    return result;
  }

  /// Attributes: the scratchpad is ours; behind a forward operation come the sum with the residual, which lies in the
  /// result, and the activation.
  primitive_attributes describe_attributes() const {
    primitive_attributes result;
    check(dnnl_primitive_attr_create(result.put()), "dnnl_primitive_attr_create", scope_);
    check(dnnl_primitive_attr_set_scratchpad_mode(result.get(), dnnl_scratchpad_mode_user),
          "dnnl_primitive_attr_set_scratchpad_mode", scope_);
    if (!primitive_has_epilogue(node_)) return result;
    post_operations after;
    check(dnnl_post_ops_create(after.put()), "dnnl_post_ops_create", scope_);
    if (node_.attribute.adds)
      check(dnnl_post_ops_append_sum(after.get(), 1.0F, 0, dnnl_f32), "dnnl_post_ops_append_sum", scope_);
    append_function(after.get(), node_.attribute, scope_);
    check(dnnl_primitive_attr_set_post_ops(result.get(), after.get()), "dnnl_primitive_attr_set_post_ops", scope_);
    return result;
  }

  dnnl_engine_t engine_;
  const graph_view& graph_;
  const node& node_;
  weight_extents extents_;
  int block_;
  std::string_view scope_;
};

/// The name of the implementation oneDNN chose.
inline std::string_view implementation_of(const primitive_descriptor& descriptor, std::string_view scope) {
  const char* name = nullptr;
  check(dnnl_primitive_desc_query(descriptor.get(), dnnl_query_impl_info_str, 0, &name), "dnnl_primitive_desc_query",
        scope);
  return name;
}

/// How a primitive that does not make weights' gradients reads weights.
inline const_dnnl_memory_desc_t weights_of(const primitive_descriptor& descriptor) {
  return dnnl_primitive_desc_query_md(descriptor.get(), dnnl_query_weights_md, 0);
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
