// SPDX-License-Identifier: Apache-2.0
// A graph compiled at run time by the functions that plan_of calls while compiling; and lifetimes found anew.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tenon/passes/differentiate.hpp"
#include "tenon/passes/fold_norm.hpp"
#include "tenon/passes/fuse_activation.hpp"
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
  graph = tenon::fuse_activation<Capabilities>(graph.view());
  graph = tenon::differentiate(graph.view(), rule);
  graph = tenon::remove_dead(graph.view());
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

/// The first thing that is wrong with a plan's placements, or nothing: two values that live at the same time and
/// overlap, though neither is a first result written in place over a dying operand; a value outside its space; an
/// offset that is not aligned.
template <class Capabilities>
std::string problem_of(const tenon::plan_view& plan) {
  const tenon::graph_view& graph = plan.graph;
  const std::vector<life> lives = lives_of(graph);
  const auto place = [&](int v) -> const tenon::placement& { return plan.placements[static_cast<std::size_t>(v)]; };
  const auto is_in_place = [&](int under, int over) {
    const tenon::value& result = graph.value_at(over);
    const tenon::node& producer = graph.node_at(result.producer);
    if (producer.results[0] != over || lives[static_cast<std::size_t>(under)].last != result.producer) return false;
    if (place(under).offset != place(over).offset || place(under).bytes != place(over).bytes) return false;
    for (int o = 0; o < producer.operands.count; ++o) {
      if (graph.operand(producer, o) == under && Capabilities::in_place(graph, producer, o)) return true;
    }
    return false;
  };
  for (int a = 0; a < graph.value_count(); ++a) {
    const tenon::placement& first = place(a);
    const std::string name = "value " + std::to_string(a);
    if (first.space == tenon::memory_space::none) return name + " has no memory";
    if (first.bytes < tenon::bytes_of(graph.value_at(a).extents, graph.value_at(a).type, graph.value_at(a).arrangement))
      return name + " is larger than its memory";
    if (first.space == tenon::memory_space::arena) {
      if (first.offset % 64 != 0) return name + " is not aligned";
      if (first.offset < 0 || first.offset + first.bytes > plan.arena_bytes) return name + " is outside the arena";
    }
    for (int b = 0; b < a; ++b) {
      const tenon::placement& second = place(b);
      if (first.space != second.space) continue;
      if (first.offset + first.bytes <= second.offset || second.offset + second.bytes <= first.offset) continue;
      const life &x = lives[static_cast<std::size_t>(a)], &y = lives[static_cast<std::size_t>(b)];
      const bool apart = first.space == tenon::memory_space::arena && (x.last < y.first || y.last < x.first);
      if (apart || is_in_place(a, b) || is_in_place(b, a)) continue;
      return "values " + std::to_string(b) + " and " + std::to_string(a) + " overlap";
    }
  }
  return {};
}

}  // namespace tenon_test
