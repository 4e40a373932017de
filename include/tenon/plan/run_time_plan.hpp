// SPDX-License-Identifier: Apache-2.0
// run_time_plan: a network compiled while the program runs, by the functions that plan_of calls while compiling.
#pragma once

#include <cstdint>
#include <vector>

#include "tenon/core/separate.hpp"
#include "tenon/plan/plan_of.hpp"

namespace tenon {
inline namespace v0 {

/// The parameters and running statistics of a graph, with the text of their names.
class parameter_table_of_graph {
 public:
  explicit parameter_table_of_graph(const graph_view& graph);
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
  explicit run_time_plan(growing_graph lowered, bool has_loss = false);
  /// For training; with an arena of at most so many bytes, 0: any. Where that cannot be met the arena is as small as
  /// could be found.
  run_time_plan(growing_graph lowered, const training_options& options, bool keep_gradients,
                std::int64_t memory_budget = 0);

  /// The network as it was described.
  graph_view lowered() const { return lowered_.view(); }
  growing_graph copy_of_lowered() const { return lowered_; }
  /// The plan as the runtime takes it.
  plan_view view() const { return plan_.view(compiled_.view()); }

  std::int64_t parameter_count() const;
  std::int64_t macs() const;
  std::int64_t recomputed_macs() const;
  std::int64_t total_bytes() const;

 private:
  growing_graph lowered_, compiled_;
  growing_plan plan_;
};

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/plan/run_time_plan_definitions.hpp"
#endif
