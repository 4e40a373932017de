// SPDX-License-Identifier: Apache-2.0
// Plans made at run time, by the very passes that make constants: for sweeps over many shapes and networks, which would
// be dear as constants.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "support/compiled.hpp"
#include "tenon/plan/run_time_plan.hpp"

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
  explicit run_time_plan(tenon_test::compiled_graph compiled)
      : compiled_(std::move(compiled)), table_(std::make_unique<parameter_table_of_graph>(compiled_.graph.view())) {}

  plan_view view() const { return compiled_.view(); }
  /// The parameters and running statistics, as a parameter_store takes them.
  parameter_table table() const { return table_->view(); }

 private:
  tenon_test::compiled_graph compiled_;
  std::unique_ptr<parameter_table_of_graph> table_;
};

/// Compiles a lowered network for inference, for a backend's capabilities.
/// requires: the graph has no problem.
template <class Capabilities>
run_time_plan plan_inference(const growing_graph& lowered) {
  return run_time_plan(tenon_test::compile_for_inference<Capabilities>(lowered));
}

/// Compiles a lowered network with its losses for training.
/// requires: the graph has no problem.
template <class Capabilities>
run_time_plan plan_training(const growing_graph& lowered, const optimizer_rule& rule, bool keep_gradients = true) {
  return run_time_plan(tenon_test::compile_for_training<Capabilities>(lowered, rule, keep_gradients));
}

}  // namespace support
