// SPDX-License-Identifier: Apache-2.0
// Plans made at run time, by the very passes that make constants: for sweeps over many shapes and networks, which would
// be dear as constants.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/plan/plan_of.hpp"

namespace support {

using namespace tenon;

/// Lowers a description of `Inputs` inputs of the given shapes.
template <std::size_t Inputs = 1, class Net>
growing_graph lower_network(const Net& net, std::span<const shape> inputs) {
  return std::move(lower<Inputs>(net, inputs).graph);
}

/// The same with losses behind its outputs: what plan_training takes.
template <class Loss, std::size_t Inputs = 1, class Net>
growing_graph lower_with_loss(const Net& net, std::span<const shape> inputs) {
  builder to = lower<Inputs>(net, inputs);
  if (!to.graph.problem) loss_list<Loss>::type::append_all(to);
  return std::move(to.graph);
}

/// A plan with everything its views refer to. Movable: the memory they refer to stays where it is.
class run_time_plan {
 public:
  run_time_plan(growing_graph compiled, growing_plan made) : graph_(std::move(compiled)), plan_(std::move(made)) {
    for (const operation kind : {operation::parameter, operation::buffer}) {
      std::vector<parameter_description>& list = kind == operation::parameter ? parameters_ : buffers_;
      const graph_view graph = graph_.view();
      for (const node& each : graph.nodes) list.resize(list.size() + (each.op == kind ? 1 : 0));
      for (const node& each : graph.nodes) {
        if (each.op != kind) continue;
        list[static_cast<std::size_t>(each.attribute.index)] = {
            graph.text(each.scope), graph.result_value(each).extents, each.attribute.trainable, each.attribute.initial};
      }
    }
  }
  run_time_plan(run_time_plan&&) = default;
  run_time_plan& operator=(run_time_plan&&) = default;

  plan_view view() const { return plan_.view(graph_.view()); }
  /// The parameters and running statistics, as a parameter_store takes them.
  parameter_table table() const { return {parameters_, buffers_}; }

 private:
  growing_graph graph_;
  growing_plan plan_;
  std::vector<parameter_description> parameters_, buffers_;
};

// The passes of plan_of take what they work on as static members: these hold what is worked on now.
struct lowered_now {
  static inline growing_graph graph;
};
struct fused_now {
  static inline growing_graph graph;
};
struct differentiated_now {
  static inline growing_graph graph;
};
struct reduced_now {
  static inline growing_graph graph;
};
struct optimizer_now {
  static inline optimizer_rule present;
  static optimizer_rule rule() { return present; }
};

/// Compiles a lowered network for inference, for a backend's capabilities.
/// requires: the graph has no problem.
template <class Capabilities>
run_time_plan plan_inference(const growing_graph& lowered) {
  lowered_now::graph = lowered;
  growing_graph compiled = inference_compilation<lowered_now, Capabilities>::make();
  growing_plan plan = make_plan<Capabilities>(compiled.view(), {});
  return {std::move(compiled), std::move(plan)};
}

/// Compiles a lowered network with its losses for training. Gradients are kept in the memory space of that name, at the
/// places that parameters have in theirs.
/// requires: the graph has no problem.
template <class Capabilities>
run_time_plan plan_training(const growing_graph& lowered, const optimizer_rule& rule, bool keep_gradients = true) {
  lowered_now::graph = lowered;
  optimizer_now::present = rule;
  fused_now::graph = fusion<lowered_now, Capabilities>::make();
  differentiated_now::graph = differentiation<fused_now, optimizer_now>::make();
  reduced_now::graph = reduction<differentiated_now>::make();
  growing_graph compiled = training_compilation<reduced_now, Capabilities>::make();
  growing_plan plan = make_plan<Capabilities>(compiled.view(), {true, keep_gradients});
  return {std::move(compiled), std::move(plan)};
}

}  // namespace support
