// SPDX-License-Identifier: Apache-2.0
// A graph compiled at run time by the functions that plan_of calls while compiling; and live_ranges found anew.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/plan_checker.hpp"
#include "tenon/graph/verifier.hpp"
#include "tenon/plan/plan_of.hpp"

namespace tenon_test {

/// A laid-out graph with its plan. Views of it are valid as long as it stays where it is.
struct compiled_graph {
  tenon::growing_graph graph;
  tenon::growing_plan plan;

  tenon::plan_view view() const { return plan.view(graph.view()); }
};

/// Holds a graph against a verifier.
inline void check_sound(const tenon::violation& found) {
  INFO("node " << found.node);
  CHECK(tenon::sentence_of(found.kind) == tenon::sentence_of(tenon::flaw::none));
}

/// Holds every graph of a pipeline against the verifier; those that have been laid out, against the backend too.
template <class Capabilities>
struct must_be_sound {
  void operator()(std::string_view step, const tenon::graph_view& graph) const {
    INFO("after " << step);
    const bool is_laid_out = step == "lay_out" || step == "recompute";
    check_sound(is_laid_out ? tenon::verify_laid_out<Capabilities>(graph) : tenon::verify_not_laid_out(graph));
  }
};

template <class Capabilities>
compiled_graph planned(tenon::growing_graph laid_out, const tenon::plan_options& options) {
  compiled_graph made{tenon::reorder<Capabilities>(std::move(laid_out), options.keep_gradients), {}};
  made.plan = tenon::make_plan<Capabilities>(made.graph.view(), options);
  return made;
}

/// Compiles a lowered network for inference, for a backend's capabilities.
/// requires: the graph has no problem.
template <class Capabilities>
compiled_graph compile_for_inference(const tenon::growing_graph& described) {
  return planned<Capabilities>(
      tenon::compile<tenon::inference_pipeline<Capabilities>>(described.view(), {}, must_be_sound<Capabilities>{}), {});
}

/// Compiles a lowered network with its losses for training. Gradients that are kept lie in the memory space of that
/// name, in the order of the parameters.
/// requires: the graph has no problem.
template <class Capabilities>
compiled_graph compile_for_training(const tenon::growing_graph& described, const tenon::training_options& options,
                                    bool keep_gradients) {
  return planned<Capabilities>(
      tenon::compile<tenon::training_pipeline<Capabilities>>(described.view(), options, must_be_sound<Capabilities>{}),
      {true, keep_gradients});
}

/// When a value is alive: from the node that makes it to the last that reads it. Sources are alive before the first
/// node (-1), outputs after the last. Found node by node; nothing of the planner's is used.
struct live_range {
  int first = -1, last = -1;
};

inline std::vector<live_range> live_ranges_of(const tenon::graph_view& graph) {
  std::vector<live_range> ranges;
  for (int v = 0; v < graph.value_count(); ++v) {
    live_range found;
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
    ranges.push_back(found);
  }
  return ranges;
}

}  // namespace tenon_test
