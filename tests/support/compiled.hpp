// SPDX-License-Identifier: Apache-2.0
// A graph compiled at run time by the functions that plan_of calls while compiling; and lifetimes found anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/plan_checker.hpp"
#include "tenon/passes/activate_again.hpp"
#include "tenon/passes/differentiate.hpp"
#include "tenon/passes/fold_norm.hpp"
#include "tenon/passes/fuse_activation.hpp"
#include "tenon/passes/fuse_sum.hpp"
#include "tenon/passes/lay_out.hpp"
#include "tenon/passes/remove_dead.hpp"
#include "tenon/passes/training_form.hpp"
#include "tenon/plan/plan.hpp"

namespace tenon_test {

/// A laid-out graph with its plan. Views of it are valid as long as it stays where it is.
struct compiled_graph {
  tenon::growing_graph graph;
  tenon::growing_plan plan;

  tenon::plan_view view() const { return plan.view(graph.view()); }
};

template <class Capabilities>
compiled_graph compile_for_inference(const tenon::growing_graph& described) {
  tenon::growing_graph graph = tenon::remove_dead(described.view(), true);
  if constexpr (Capabilities::folds_norm) graph = tenon::fold_norm(graph.view());
  graph = tenon::fuse_sum<Capabilities>(graph.view());
  graph = tenon::fuse_activation<Capabilities>(graph.view());
  compiled_graph made;
  made.graph = tenon::lay_out<Capabilities>(graph.view());
  made.plan = tenon::make_plan<Capabilities>(made.graph.view(), {false, false});
  return made;
}

template <class Capabilities>
compiled_graph compile_for_training(const tenon::growing_graph& described, const tenon::optimizer_rule& rule,
                                    bool keep_gradients) {
  tenon::growing_graph graph = tenon::remove_dead(described.view());
  graph = tenon::training_form(graph.view());
  graph = tenon::fuse_sum<Capabilities>(graph.view());
  graph = tenon::fuse_activation<Capabilities, true>(graph.view());
  graph = tenon::differentiate(graph.view(), rule);
  graph = tenon::remove_dead(graph.view());
  graph = tenon::activate_again(graph.view(), tenon::loss_node_of(graph.view()));
  compiled_graph made;
  made.graph = tenon::lay_out<Capabilities>(graph.view());
  made.plan = tenon::make_plan<Capabilities>(made.graph.view(), {true, keep_gradients});
  return made;
}

/// When a value is alive: from the node that makes it to the last that reads it. Sources are alive before the first
/// node (-1), outputs after the last. Found node by node; nothing of the planner's is used.
struct life {
  int first = -1, last = -1;
};

inline std::vector<life> lives_of(const tenon::graph_view& graph) {
  std::vector<life> lives;
  for (int v = 0; v < graph.value_count(); ++v) {
    life found;
    for (int i = 0; i < graph.node_count(); ++i) {
      const tenon::node& each = graph.node_at(i);
      for (int r = 0; r < each.results.count; ++r) {
        if (each.results[r] == v) found.first = found.last = tenon::is_source(each.op) ? -1 : i;
      }
    }
    for (int i = 0; i < graph.node_count(); ++i) {
      const tenon::node& each = graph.node_at(i);
      for (int o = 0; o < each.operands.count; ++o) {
        if (graph.operand(each, o) == v) found.last = i;
      }
    }
    for (const std::int32_t output : graph.outputs) {
      if (output == v) found.last = graph.node_count();
    }
    lives.push_back(found);
  }
  return lives;
}

}  // namespace tenon_test
