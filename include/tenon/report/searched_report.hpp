// SPDX-License-Identifier: Apache-2.0
// The memory report of a training step that is planned while the program runs, as a search has found it.
#pragma once

#include <string_view>

#include "tenon/plan/searched_plan.hpp"
#include "tenon/report/memory_report.hpp"

namespace tenon {
inline namespace v0 {

/// The report of the training step that `tenon::recompute<"...">` of what was found gives; without retentions of the
/// one that no budget gives. It is what the report of that plan_of says, but all is planned while the program runs,
/// which compiles faster than a plan_of. requires: search_plan or sweep_budgets of the same network, inputs and
/// arguments has found the retentions
///
///     const auto found = tenon::search_plan<net, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<>, tenon::sgd<>>(
///         200_MiB);
///     const auto report = tenon::report_searched<net, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<>,
///                                                tenon::sgd<>>(found.retentions);
template <const auto& Net, class Inputs, class... Arguments>
memory_report report_searched(std::string_view retentions, const report_options& options = {}) {
  using plan = plan_of<Net, Inputs, Arguments...>;
  static_assert(plan::trains, "a plan is searched for a training step: with a loss and an optimizer");
  using capabilities = typename plan::capabilities;
  using pipeline = training_pipeline<capabilities>;
  const graph_view lowered = plan::lowered::graph.view();
  const training_options training = plan::arguments::options();
  constexpr bool keeps = plan::arguments::keeps_gradients;
  growing_graph graph;
  if (retentions.empty()) {
    graph = reorder<capabilities>(compile<pipeline>(lowered, training), keeps);
  } else {
    const growing_graph laid_out = compile_until<pipeline>(pipeline::step_count - 1, lowered, training);
    graph = step_with<capabilities>(laid_out.view(), retentions_of(laid_out.view(), retentions).retained, keeps);
  }
  const growing_plan placed = make_plan<capabilities>(graph.view(), {true, keeps});
  return report_memory_of<capabilities>(placed.view(graph.view()), options);
}

}  // namespace v0
}  // namespace tenon
