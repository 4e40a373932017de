// SPDX-License-Identifier: Apache-2.0
// How a node of the convolution family is computed: by oneDNN, or by a kernel of ours where oneDNN's code is slow.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/backends/onednn/direct_step.hpp"
#include "tenon/backends/onednn/narrow_step.hpp"
#include "tenon/backends/onednn/needs.hpp"
#include "tenon/backends/onednn/packed_format.hpp"
#include "tenon/backends/onednn/primitive_step.hpp"
#include "tenon/backends/onednn/row_step.hpp"
#include "tenon/backends/onednn/weight_gradient_step.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Chooses the way of computing node `number` and makes it ready. `first` is the step of the first node that reads the
/// same packed weights, which settles their format; nullptr: it is this one.
/// throws: backend_error if oneDNN cannot, wants more memory than is planned, or the node is beyond `Needs`.
template <needs Needs>
std::unique_ptr<convolution_step> make_convolution(const plan_view& plan, std::int32_t number, dnnl_engine_t engine,
                                                   kernels::isa set, const convolution_step* first) {
  const graph_view& graph = plan.graph;
  const node& of = graph.node_at(number);
  [[maybe_unused]] const bool is_weight_gradient = role_of(of.op) == convolution_role::weight_gradient;
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
        if (is_weight_gradient) return std::make_unique<depthwise_gradient_step<Needs>>(plan, number, set);
      }
      return std::make_unique<direct_step>(plan, number, set, kernels::depthwise<kernels::direct_arguments>);
    }
  }
  const node_describer describer{plan, engine, kernels::block_of(set)};
  described_node made = describe_in_format(describer, number, first);
  // What the plan does not say may be slow is oneDNN's even then, as where a processor has no AVX2.
  if constexpr (Needs.slow_weight_gradients) {
    if (made.is_slow && is_weight_gradient) return std::make_unique<weight_gradient_step<Needs>>(plan, number, set);
  }
  if constexpr (Needs.slow_convolutions) {
    if (made.is_slow && !is_weight_gradient && (Needs.slow_in_avx512 || set != kernels::isa::avx512))
      return std::make_unique<direct_step>(plan, number, set, kernels::direct_convolution<Needs.slow_in_avx512>);
  }
  return std::make_unique<primitive_step>(plan, number, set, engine, std::move(made.descriptor),
                                          describer.extents(number));
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
