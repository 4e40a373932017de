// SPDX-License-Identifier: Apache-2.0
// In which format nodes that share packed weights read them: one that oneDNN has fast code with for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tenon/backends/onednn/convolution_step.hpp"
#include "tenon/backends/onednn/descriptor.hpp"
#include "tenon/backends/onednn/slow_code.hpp"

namespace tenon {
inline namespace v0 {
namespace onednn {

/// Makes the descriptors of primitives for nodes of a plan.
struct node_describer {
  const plan_view& plan;
  dnnl_engine_t engine;
  int block;

  weight_extents extents(std::int32_t number) const {
    const graph_view& graph = plan.graph;
    const node& of = graph.node_at(number);
    const convolution_values values = convolution_values_of(graph, of);
    const value &source = graph.value_at(values.source), &destination = graph.value_at(values.destination);
    return whole_blocks(weight_extents_of(graph, of), block, source.arrangement == layout::blocked,
                        destination.arrangement == layout::blocked);
  }
  std::string_view scope(std::int32_t number) const { return plan.graph.text(plan.graph.node_at(number).scope); }

  /// As oneDNN chooses, unless that would read weights of another format than the given one.
  primitive_descriptor describe(std::int32_t number, const_dnnl_memory_desc_t format = nullptr) const {
    const convolution_description node(engine, plan.graph, plan.graph.node_at(number), extents(number), block,
                                       scope(number));
    primitive_descriptor free = node.make();
    if (format == nullptr || dnnl_memory_desc_equal(weights_of(free), format) != 0) return free;
    return node.make(format);
  }
  bool is_slow(std::int32_t number, const primitive_descriptor& made) const {
    return onednn::is_slow(implementation_of(made, scope(number)));
  }
};

/// The descriptor of a node, and whether it or a node that shares its packed weights has slow code: then kernels of
/// ours are to compute all of them.
struct described_node {
  primitive_descriptor descriptor;
  bool is_slow = false;
};

/// Describes the first of the nodes that share packed weights, and settles their format: of those that oneDNN would
/// choose for one of them, the one with which the fewest have slow code. Usually all would have the same.
__attribute__((cold, noinline)) inline described_node describe_first(const node_describer& by,
                                                                     const std::vector<std::int32_t>& readers) {
  described_node best;
  std::size_t least = readers.size() + 1;
  for (const std::int32_t candidate : readers) {
    const primitive_descriptor own = by.describe(candidate);
    std::size_t slow = 0;
    for (const std::int32_t each : readers)
      if (by.is_slow(each, by.describe(each, weights_of(own)))) ++slow;
    if (slow >= least) continue;
    least = slow;
    best = {by.describe(readers[0], weights_of(own)), slow > 0};
    if (slow == 0) break;
  }
  return best;
}

/// Describes a node. `first` is the step of the first node that reads the same packed weights, which has settled their
/// format; nullptr: it is this one.
/// throws: backend_error.
inline described_node describe_in_format(const node_describer& by, std::int32_t number, const convolution_step* first) {
  if (first != nullptr) return {by.describe(number, first->packed_format()), first->packed_format() == nullptr};
  const array_view<std::int64_t>& packed = by.plan.packed;
  const std::int64_t at = packed[static_cast<std::size_t>(number)];
  std::vector<std::int32_t> readers{number};
  for (std::int32_t i = number + 1; at >= 0 && i < by.plan.graph.node_count(); ++i)
    if (packed[static_cast<std::size_t>(i)] == at) readers.push_back(i);
  if (readers.size() > 1) return describe_first(by, readers);
  described_node alone{by.describe(number)};
  alone.is_slow = by.is_slow(number, alone.descriptor);
  return alone;
}

}  // namespace onednn
}  // namespace v0
}  // namespace tenon
