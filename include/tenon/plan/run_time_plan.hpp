// SPDX-License-Identifier: Apache-2.0
// run_time_plan: a network compiled while the program runs, by the functions that plan_of calls while compiling.
#pragma once

#include <utility>
#include <vector>

#include "tenon/plan/plan_of.hpp"

namespace tenon {
inline namespace v0 {

/// The parameters and running statistics of a graph, with the text of their names.
class parameter_table_of_graph {
 public:
  explicit parameter_table_of_graph(const graph_view& graph)
      : characters_(graph.characters.begin(), graph.characters.end()) {
    graph_view own = graph;
    own.characters = characters_;
    for (const operation kind : {operation::parameter, operation::buffer}) {
      std::vector<parameter_description>& list = kind == operation::parameter ? parameters_ : buffers_;
      list.resize(count_stored(own, kind));
      describe_stored(own, kind, list);
    }
  }
  // Names refer to its own text.
  parameter_table_of_graph(const parameter_table_of_graph&) = delete;
  parameter_table_of_graph& operator=(const parameter_table_of_graph&) = delete;

  parameter_table view() const { return {parameters_, buffers_}; }

 private:
  std::vector<char> characters_;
  std::vector<parameter_description> parameters_, buffers_;
};

/// A network compiled by a backend's capabilities. Movable: the memory that views refer to stays where it is.
/// requires: the lowered graph has no problem.
template <class Capabilities>
class run_time_plan {
 public:
  /// For inference; with losses at the end of the graph, for their values.
  explicit run_time_plan(growing_graph lowered, bool has_loss = false)
      : lowered_(std::move(lowered)),
        compiled_(compile_for_inference<Capabilities>(lowered_.view())),
        plan_(make_plan<Capabilities>(compiled_.view(), {has_loss, false})) {}
  /// For training.
  run_time_plan(growing_graph lowered, const optimizer_rule& rule, bool keep_gradients)
      : lowered_(std::move(lowered)),
        compiled_(compile_for_training<Capabilities>(lowered_.view(), rule)),
        plan_(make_plan<Capabilities>(compiled_.view(), {true, keep_gradients})) {}

  /// The network as it was described.
  graph_view lowered() const { return lowered_.view(); }
  growing_graph copy_of_lowered() const { return lowered_; }
  /// The plan as the runtime takes it.
  plan_view view() const { return plan_.view(compiled_.view()); }

  std::int64_t parameter_count() const { return count_parameters(lowered_.view()); }
  std::int64_t macs() const { return count_macs(compiled_.view()); }
  std::int64_t total_bytes() const {
    return plan_.sizes.arena_bytes + parameter_count() * 4 + plan_.sizes.packed_bytes + plan_.sizes.gradient_bytes +
           plan_.sizes.optimizer_bytes;
  }

 private:
  growing_graph lowered_, compiled_;
  growing_plan plan_;
};

}  // namespace v0
}  // namespace tenon
