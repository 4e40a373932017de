// SPDX-License-Identifier: Apache-2.0
// What a plan needs code for: a program compiles no more.
#pragma once

#include "tenon/backends/onednn/capabilities.hpp"
#include "tenon/backends/onednn/convolution_geometry.hpp"
#include "tenon/backends/operation_set.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Which operations, and which convolution kernels of our own, a program is compiled with. A template argument.
struct needs {
  operation_set operations;
  bool narrow_convolutions = false;
  bool row_convolutions = false;
  bool depthwise_convolutions = false;
  /// Kernels of ours for what oneDNN may have only slow code for: of convolutions and their data gradients, and of
  /// weight gradients.
  bool slow_convolutions = false, slow_weight_gradients = false;
  bool slow_in_avx512 = false;          ///< some of those convolutions may be slow with AVX-512 too
  bool contiguous_activations = false;  ///< norms and dropouts of few channels

  /// Whether there are gradients of weights.
  constexpr bool trains() const {
    return operations.has(operation::convolution_weight_gradient) ||
           operations.has(operation::transposed_convolution_weight_gradient);
  }
  constexpr void add(const graph_view& graph, const node& of) {
    operations.add(of.op);
    if (role_of(of.op) == convolution_role::none) {
      contiguous_activations = contiguous_activations || works_on_planes(graph, of);
      return;
    }
    switch (algorithm_of(of)) {
      case algorithm::kernel:
      case algorithm::primitive:
        break;
      case algorithm::checked_primitive:
        if (role_of(of.op) == convolution_role::weight_gradient) {
          slow_weight_gradients = true;
        } else {
          slow_convolutions = true;
          slow_in_avx512 = slow_in_avx512 || !has_fast_primitive(graph, of, true);
        }
        break;
      case algorithm::depthwise:
        depthwise_convolutions = true;
        break;
      case algorithm::rows:
        row_convolutions = true;
        break;
      case algorithm::narrow:
        narrow_convolutions = true;
        break;
    }
  }
  /// Whether a node asks for nothing else.
  constexpr bool cover(const graph_view& graph, const node& of) const {
    needs with = *this;
    with.add(graph, of);
    return with == *this;
  }

  bool operator==(const needs&) const = default;
};

inline constexpr needs every_need{every_operation, true, true, true, true, true, true, true};
/// Of every plan of inference.
inline constexpr needs inference_needs{inference_operations, true, true, true, true, false, true, true};

/// Those of a compiled graph.
constexpr needs needs_of(const graph_view& graph) {
  needs found;
  for (const node& current : graph.nodes) found.add(graph, current);
  return found;
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
