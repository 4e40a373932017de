// SPDX-License-Identifier: Apache-2.0
// What run_time_plan.hpp declares.
#pragma once

#include <utility>
#include <vector>

#include "tenon/plan/budget_search.hpp"
#include "tenon/plan/run_time_plan.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE parameter_table_of_graph::parameter_table_of_graph(const graph_view& graph)
    : characters_(graph.characters.begin(), graph.characters.end()) {
  graph_view own = graph;
  own.characters = characters_;
  for (const operation kind : {operation::parameter, operation::buffer}) {
    std::vector<parameter_description>& list = kind == operation::parameter ? parameters_ : buffers_;
    list.resize(count_stored(own, kind));
    describe_stored(own, kind, list);
  }
}

template <class Capabilities>
run_time_plan<Capabilities>::run_time_plan(growing_graph lowered, bool has_loss)
    : lowered_(std::move(lowered)),
      compiled_(reorder<Capabilities>(compile<inference_pipeline<Capabilities>>(lowered_.view()), false)),
      plan_(make_plan<Capabilities>(compiled_.view(), {has_loss, false})) {}

template <class Capabilities>
run_time_plan<Capabilities>::run_time_plan(growing_graph lowered, const training_options& options, bool keep_gradients,
                                           std::int64_t memory_budget)
    : lowered_(std::move(lowered)) {
  using pipeline = training_pipeline<Capabilities>;
  if (memory_budget > 0) {
    compiled_ = compile_until<pipeline>(pipeline::step_count - 1, lowered_.view(), options);
    if (!compiled_.problem) {
      const graph_view laid_out = compiled_.view();
      const found_retentions found = budget_search<Capabilities>(laid_out, keep_gradients).run(memory_budget, 1, 1);
      compiled_ = step_with<Capabilities>(laid_out, found.retained, keep_gradients);
    }
  } else {
    compiled_ = reorder<Capabilities>(compile<pipeline>(lowered_.view(), options), keep_gradients);
  }
  plan_ = make_plan<Capabilities>(compiled_.view(), {true, keep_gradients});
}

template <class Capabilities>
std::int64_t run_time_plan<Capabilities>::parameter_count() const {
  return count_parameters(lowered_.view());
}

template <class Capabilities>
std::int64_t run_time_plan<Capabilities>::macs() const {
  return count_macs(compiled_.view());
}

template <class Capabilities>
std::int64_t run_time_plan<Capabilities>::recomputed_macs() const {
  return count_recomputed_macs(compiled_.view());
}

template <class Capabilities>
std::int64_t run_time_plan<Capabilities>::total_bytes() const {
  return plan_.sizes.arena_bytes + parameter_count() * 4 + plan_.sizes.packed_bytes + plan_.sizes.gradient_bytes +
         plan_.sizes.optimizer_bytes;
}

}  // namespace v0
}  // namespace tenon
