// SPDX-License-Identifier: Apache-2.0
// The per-layer table: what each layer of a network gives, holds and computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/plan/plan_of.hpp"
#include "tenon/report/text_table.hpp"

namespace tenon {
inline namespace v0 {

/// What computes the layers of a lowered graph that can be computed in several ways, the convolutions: the algorithm
/// that the backend has selected, and those of the gradients of its input (dx) and its weights (dw) that differ. Of
/// other layers it says nothing: there is one way, or they are part of another.
///
///     depthwise kernel                     all three
///     oneDNN, dx row kernel                the layer and the gradient of its weights by oneDNN
///     oneDNN or kernel                     oneDNN where it has fast code for this on the processor that runs the
///                                          program, else a kernel of ours: volumes, groups, unusual windows. Which
///                                          one is known when a program is made (its implementation_of tells).
template <class Capabilities>
class selected_algorithms {
 public:
  /// Both graphs are of one network, and must outlive it.
  selected_algorithms(const graph_view& lowered, const graph_view& compiled)
      : lowered_(lowered), compiled_(compiled), claimed_(compiled.nodes.size(), 0) {}

  /// To be asked of one node after the other, in order: the calls of a shared layer have one name.
  std::string of(const node& layer) {
    if (!Capabilities::has_alternatives(layer.op)) return {};
    const std::size_t count = claimed_.size();
    std::string_view forward;
    for (std::size_t i = 0; i < count && forward.empty(); ++i)
      if (compiled_.nodes[i].op == layer.op) forward = claim(i, layer);
    std::string text(forward);
    for (const role made : {role::input_gradient, role::weight_gradient}) {
      std::string_view gradient;
      // The last call's gradients come first.
      for (std::size_t i = count; i-- > 0 && gradient.empty();)
        if (Capabilities::has_alternatives(compiled_.nodes[i].op) && result_slot(compiled_.nodes[i], 0).is == made)
          gradient = claim(i, layer);
      if (!gradient.empty() && gradient != forward)
        text += std::string(made == role::input_gradient ? ", dx " : ", dw ") + std::string(gradient);
    }
    return text;
  }

 private:
  /// The name of what computes node `i`, if it belongs to the layer and to none that was asked before.
  std::string_view claim(std::size_t i, const node& layer) {
    const node& runs = compiled_.nodes[i];
    if (claimed_[i] != 0 || compiled_.text(runs.scope) != lowered_.text(layer.scope)) return {};
    claimed_[i] = 1;
    return Capabilities::name_of(runs.computed_by);
  }

  graph_view lowered_, compiled_;
  std::vector<char> claimed_;
};

namespace detail {

/// layer_table, with a column of what `computes(node)` says, if there is one.
template <class Computes>
std::string layer_table(const graph_view& graph, bool tells, const Computes& computes) {
  std::vector<std::string> head{"layer", "operation", "result", "parameters", "MACs", "bytes"};
  if (tells) head.push_back("computed by");
  text_table table(std::move(head));
  std::int64_t parameters = 0, macs = 0;
  std::vector<char> counted(graph.values.size(), 0);
  for (const node& current : graph.nodes) {
    if (is_source(current.op)) continue;
    std::int64_t own = 0;
    bool shares = false;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      const std::int32_t number = graph.operand(current, o);
      const value& operand = graph.value_at(number);
      if (graph.node_at(operand.producer).op != operation::parameter) continue;
      if (counted[static_cast<std::size_t>(number)] != 0) {
        shares = true;
      } else {
        own += operand.extents.elements();
      }
      counted[static_cast<std::size_t>(number)] = 1;
    }
    const shape& extents = graph.result_value(current).extents;
    std::string shape_text;
    for (int i = 0; i < extents.rank; ++i) {
      if (i > 0) shape_text += " x ";
      shape_text += std::to_string(extents[i]);
    }
    const std::int64_t work = macs_of(graph, current);
    parameters += own;
    macs += work;
    std::vector<std::string> row{std::string(graph.text(current.scope)),
                                 std::string(name_of(current.op)),
                                 std::move(shape_text),
                                 own > 0 ? grouped(own) : shares ? "shared" : "",
                                 work == 0 ? "" : grouped(work),
                                 mebibytes(bytes_of(extents))};
    if (tells) row.emplace_back(computes(current));
    table.add(std::move(row));
  }
  std::vector<std::string> sums{"sum", "", "", grouped(parameters), grouped(macs), ""};
  if (tells) sums.emplace_back();
  table.add(std::move(sums));
  return table.text(1);
}

}  // namespace detail

/// One row a layer in order of execution: its name, what it does, the shape of its result, its parameters, its MACs,
/// and the bytes of its result as contiguous float32; and the sums. Parameters count where they are used first, of a
/// later use it says "shared"; MACs count at each use.
inline std::string layer_table(const graph_view& graph) {
  return detail::layer_table(graph, false, [](const node&) { return std::string_view(); });
}

/// The per-layer table of a plan_of, a predictor or a trainer, with what computes each layer (see selected_algorithms),
/// and with the memory below.
template <class Plan>
std::string layer_table() {
  const graph_view lowered = Plan::lowered::graph.view();
  selected_algorithms<typename Plan::capabilities> algorithms(lowered, Plan::compiled::graph.view());
  std::string text = detail::layer_table(lowered, true, [&](const node& layer) { return algorithms.of(layer); });
  const auto line = [&](std::string_view what, std::int64_t bytes) {
    text += std::string(what) + std::string(32 - what.size(), ' ') + mebibytes(bytes) + "\n";
  };
  text += "\n";
  line("arena", Plan::arena_bytes);
  line("  least possible for its steps", Plan::lower_bound_bytes);
  line("parameters", Plan::parameter_count * 4);
  line("packed weights", Plan::packed_bytes);
  if (Plan::trains) {
    line("gradients kept", Plan::gradient_bytes);
    line("optimizer state", Plan::optimizer_bytes);
    line("saved for the backward pass", Plan::saved_bytes);
    if (Plan::recomputed_macs > 0)
      text += "MACs that run again" + std::string(13, ' ') + grouped(Plan::recomputed_macs) + "\n";
  }
  line("all together", Plan::total_bytes);
  return text;
}

}  // namespace v0
}  // namespace tenon
