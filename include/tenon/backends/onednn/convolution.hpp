// SPDX-License-Identifier: Apache-2.0
// How a node of the convolution family is computed: by oneDNN, or by a kernel of ours where oneDNN's code is slow.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/backends/onednn/direct_step.hpp"
#include "tenon/backends/onednn/narrow_step.hpp"
#include "tenon/backends/onednn/needs.hpp"
#include "tenon/backends/onednn/primitive_step.hpp"
#include "tenon/backends/onednn/row_step.hpp"
#include "tenon/backends/onednn/slow_code.hpp"
#include "tenon/backends/onednn/weight_gradient_step.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Chooses the way of computing node `number` and makes it ready.
/// throws: backend_error if oneDNN cannot, wants more memory than is planned, or the node is beyond `Needs`.
template <needs Needs>
std::unique_ptr<convolution_step> make_convolution(const plan_view& plan, std::int32_t number, dnnl_engine_t engine,
                                                   kernels::isa set) {
  const graph_view& graph = plan.graph;
  const node& of = graph.node_at(number);
  [[maybe_unused]] const bool is_weight_gradient = role_of(of.op) == convolution_role::weight_gradient;
  const weight_extents weights = weight_extents_of(graph, of);
  const std::string_view scope = graph.text(of.scope);
  if (!Needs.cover(graph, of)) {
    throw backend_error(joined({"the program has no code for '", scope, "'"}), std::string(scope),
                        "a node that it was compiled for", std::string(name_of(of.op)));
  }
  const algorithm by = algorithm_of(of);
  if constexpr (Needs.narrow_convolutions) {
    if (by == algorithm::narrow) return std::make_unique<narrow_step<Needs.trains()>>(plan, number, set);
  }
  if constexpr (Needs.row_convolutions) {
    if (by == algorithm::rows) return std::make_unique<row_step<Needs.trains()>>(plan, number, set);
  }
  if constexpr (Needs.depthwise_convolutions) {
    if (by == algorithm::depthwise) {
      if constexpr (Needs.trains()) {
        if (is_weight_gradient) return std::make_unique<depthwise_gradient_step>(plan, number, set);
      }
      return std::make_unique<direct_step>(plan, number, set, kernels::depthwise);
    }
  }
  const convolution_values values = convolution_values_of(graph, of);
  const value &source = graph.value_at(values.source), &destination = graph.value_at(values.destination);
  const int block = kernels::block_of(set);
  const weight_extents extents =
      whole_blocks(weights, block, source.arrangement == layout::blocked, destination.arrangement == layout::blocked);
  primitive_descriptor descriptor = convolution_description(engine, graph, of, extents, block, scope).make();
  if constexpr (Needs.slow_primitives) {
    if (is_slow(implementation_of(descriptor, scope))) {
      if constexpr (Needs.trains()) {
        if (is_weight_gradient) return std::make_unique<weight_gradient_step>(plan, number, set);
      }
      return std::make_unique<direct_step>(plan, number, set, kernels::direct_convolution);
    }
  }
  return std::make_unique<primitive_step>(plan, number, set, engine, std::move(descriptor), extents);
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
