// SPDX-License-Identifier: Apache-2.0
// Primitive descriptors of the convolution family.
#pragma once

#include <string_view>

#include "tenon/backends/onednn/geometry.hpp"
#include "tenon/backends/onednn/handle.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// The tag of an activation of the given rank.
inline dnnl_format_tag_t tag_of(layout arrangement, int rank, int block) {
  if (arrangement == layout::plain) return rank == 4 ? dnnl_abcd : dnnl_abcde;
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

/// Everything the primitive descriptor of a convolution-family node is made of.
struct convolution_description {
  dnnl_engine_t engine = nullptr;
  const graph_view& graph;
  const node& of;
  weight_extents extents;  ///< as oneDNN shall see them
  int block = 16;
  std::string_view scope;

  /// The scratchpad is the caller's; a fused activation follows a forward operation.
  primitive_attributes attributes() const {
    primitive_attributes result;
    check(dnnl_primitive_attr_create(result.put()), "dnnl_primitive_attr_create", scope);
    check(dnnl_primitive_attr_set_scratchpad_mode(result.get(), dnnl_scratchpad_mode_user),
          "dnnl_primitive_attr_set_scratchpad_mode", scope);
    if (primitive_finishes(of) && of.attribute.fused == activation::relu) {
      post_operations after;
      check(dnnl_post_ops_create(after.put()), "dnnl_post_ops_create", scope);
      check(dnnl_post_ops_append_eltwise(after.get(), dnnl_eltwise_relu, 0.0F, 0.0F), "dnnl_post_ops_append_eltwise",
            scope);
      check(dnnl_primitive_attr_set_post_ops(result.get(), after.get()), "dnnl_primitive_attr_set_post_ops", scope);
    }
    return result;
  }

  /// Makes the descriptor; its weights' layout is oneDNN's choice.
  primitive_descriptor make() const {
    const convolution_values values = convolution_values_of(graph, of);
    const value &from = graph.value_at(values.source), &to = graph.value_at(values.destination);
    const int spatial_rank = from.extents.spatial_rank();
    const bool transposed = is_transposed(of.op);
    const memory_descriptor source = describe(from, extents.groups * extents.in, block, scope);
    const memory_descriptor destination = describe(to, extents.groups * extents.out, block, scope);

    dnnl_dims_t dims = {}, strides = {}, dilations = {}, begin = {}, end = {};
    int rank = 0;
    if (extents.groups > 1) dims[rank++] = extents.groups;
    dims[rank++] = extents.out;
    dims[rank++] = extents.in;
    for (int i = 0; i < spatial_rank; ++i) {
      const int dimension = 3 - spatial_rank + i;
      const auto at = static_cast<std::size_t>(dimension);
      dims[rank++] = of.attribute.kernel[at];
      strides[i] = of.attribute.stride[at];
      dilations[i] = of.attribute.dilation[at] - 1;
      begin[i] = of.attribute.padding_begin[at];
      end[i] = of.attribute.padding_end[at];
      // A transposed convolution's extra rows (PyTorch's output_padding) are less padding at the end.
      if (transposed)
        end[i] = (from.extents.spatial(dimension) - 1) * strides[i] +
                 (of.attribute.kernel[at] - 1) * (dilations[i] + 1) + 1 - begin[i] - to.extents.spatial(dimension);
    }
    memory_descriptor weights, bias;
    check(dnnl_memory_desc_create_with_tag(weights.put(), rank, dims, dnnl_f32, dnnl_format_tag_any),
          "dnnl_memory_desc_create_with_tag", scope);
    const convolution_role role = role_of(of.op);
    if (role == convolution_role::weight_gradient ? of.attribute.has_bias : primitive_finishes(of) && adds_bias(of)) {
      dnnl_dims_t bias_dims = {extents.groups * extents.out};
      check(dnnl_memory_desc_create_with_tag(bias.put(), 1, bias_dims, dnnl_f32, dnnl_a),
            "dnnl_memory_desc_create_with_tag", scope);
    }

    primitive_descriptor forward, result;
    const primitive_attributes attribute = attributes();
    const auto make_forward =
        transposed ? dnnl_deconvolution_forward_primitive_desc_create : dnnl_convolution_forward_primitive_desc_create;
    const dnnl_alg_kind_t algorithm = transposed ? dnnl_deconvolution_direct : dnnl_convolution_direct;
    check(make_forward(forward.put(), engine, role == convolution_role::forward ? dnnl_forward_inference : dnnl_forward,
                       algorithm, source.get(), weights.get(), bias.get(), destination.get(), strides, dilations, begin,
                       end, attribute.get()),
          transposed ? "dnnl_deconvolution_forward_primitive_desc_create"
                     : "dnnl_convolution_forward_primitive_desc_create",
          scope);
    if (role == convolution_role::forward) return forward;
    if (role == convolution_role::data_gradient) {
      const auto make_backward = transposed ? dnnl_deconvolution_backward_data_primitive_desc_create
                                            : dnnl_convolution_backward_data_primitive_desc_create;
      check(make_backward(result.put(), engine, algorithm, source.get(), weights.get(), destination.get(), strides,
                          dilations, begin, end, forward.get(), attribute.get()),
            transposed ? "dnnl_deconvolution_backward_data_primitive_desc_create"
                       : "dnnl_convolution_backward_data_primitive_desc_create",
            scope);
      return result;
    }
    const auto make_backward = transposed ? dnnl_deconvolution_backward_weights_primitive_desc_create
                                          : dnnl_convolution_backward_weights_primitive_desc_create;
    check(make_backward(result.put(), engine, algorithm, source.get(), weights.get(), bias.get(), destination.get(),
                        strides, dilations, begin, end, forward.get(), attribute.get()),
          transposed ? "dnnl_deconvolution_backward_weights_primitive_desc_create"
                     : "dnnl_convolution_backward_weights_primitive_desc_create",
          scope);
    return result;
  }
};

/// The name of the implementation oneDNN chose.
inline std::string_view implementation_of(const primitive_descriptor& descriptor, std::string_view scope) {
  const char* name = nullptr;
  check(dnnl_primitive_desc_query(descriptor.get(), dnnl_query_impl_info_str, 0, &name), "dnnl_primitive_desc_query",
        scope);
  return name;
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
