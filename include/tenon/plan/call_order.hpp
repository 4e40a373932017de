// SPDX-License-Identifier: Apache-2.0
// call_order: parameters of a network lowered at run time get the names and the order they have in constants.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/plan/plan_of.hpp"

namespace tenon {
inline namespace v0 {

// A parameter without a name is called by the number of its call, and C++ leaves open which call of add(a(x), b(x))
// comes first. Compilers evaluate constants from left to right; code that runs need not be compiled so (g++ goes from
// right to left). So the description is lowered twice for inputs of one sample size, while compiling and at run time:
// the two graphs are the same but for their numbering, and what corresponds tells the name that each parameter has in
// constants, whatever the size.
//
//     constant: add(0 = conv "0", 1 = conv "1")   run time: add(1 = conv "1", 0 = conv "0")   =>   "1" is "0", "0" is
//     "1"

/// Inputs to lower a description for: all of one shape, the first of these for which the network is right. Extents are
/// large, so that no window exceeds them.
inline constexpr std::array<shape, 8> sample_shapes{
    shape(1, 3, 1024, 1024),       shape(1, 1, 1024, 1024),       shape(1, 4, 1024, 1024), shape(1, 64, 1024, 1024),
    shape(1, 1, 1024, 1024, 1024), shape(1, 3, 1024, 1024, 1024), shape(1, 4, 64, 64, 64), shape(1, 64, 64, 64, 64)};

template <std::size_t Inputs, std::size_t Number>
struct sample_inputs {
  static constexpr std::array<shape, Inputs> list = [] {
    std::array<shape, Inputs> all{};
    all.fill(sample_shapes[Number]);
    return all;
  }();
};

/// The description, lowered as a constant for the first sample that fits; for the first of all if none does.
template <const auto& Net, std::size_t Inputs, std::size_t Number = 0>
constexpr auto find_sample() {
  if constexpr (Number == sample_shapes.size()) {
    return sample_inputs<Inputs, 0>{};
  } else if constexpr (!stage<lowering<Net, sample_inputs<Inputs, Number>, void>>::graph.problem) {
    return sample_inputs<Inputs, Number>{};
  } else {
    return find_sample<Net, Inputs, Number + 1>();
  }
}

/// The names of parameters and running statistics in constants, by their names at run time.
class call_order {
 public:
  /// Both graphs are of one description and the same inputs.
  call_order(const graph_view& constant, const graph_view& run_time) {
    if (is_same(constant, run_time)) return;
    differs_ = true;
    std::vector<std::int32_t> meant(run_time.values.size(), -1);
    std::vector<bool> taken(constant.values.size(), false);
    match(constant, run_time, meant, taken);
    // What no output depends on is told by its name, or it does not matter which is which.
    for (const bool by_name : {true, false}) {
      for (const node& here : run_time.nodes) {
        if (!is_named(here) || meant[static_cast<std::size_t>(here.results[0])] >= 0) continue;
        for (const node& there : constant.nodes) {
          if (there.op != here.op || taken[static_cast<std::size_t>(there.results[0])]) continue;
          if (constant.result_value(there).extents != run_time.result_value(here).extents) continue;
          if (by_name && constant.text(there.scope) != run_time.text(here.scope)) continue;
          meant[static_cast<std::size_t>(here.results[0])] = there.results[0];
          taken[static_cast<std::size_t>(there.results[0])] = true;
          break;
        }
      }
    }
    for (const node& here : run_time.nodes) {
      const std::int32_t number = here.results.count > 0 ? meant[static_cast<std::size_t>(here.results[0])] : -1;
      if (!is_named(here) || number < 0) continue;
      const node& there = constant.node_at(constant.value_at(number).producer);
      entries_.push_back({here.op, std::string(run_time.text(here.scope)), std::string(constant.text(there.scope)),
                          there.attribute.index});
    }
  }

  /// Whether calls come in another order at run time than in constants.
  bool differs() const { return differs_; }

  /// Gives the parameters of a graph that was lowered at run time their names and their order.
  /// throws: weight_error for a parameter that a network of the sample size does not have.
  void apply(growing_graph& graph) const {
    if (!differs_) return;
    for (const operation kind : {operation::parameter, operation::buffer}) {
      std::vector<std::pair<const entry*, node*>> found;
      for (node& each : graph.nodes) {
        if (each.op == kind) found.push_back({&find(kind, graph.view().text(each.scope)), &each});
      }
      std::sort(found.begin(), found.end(),
                [](const auto& a, const auto& b) { return a.first->index < b.first->index; });
      std::int32_t index = 0;
      for (const auto& [meant, each] : found) {
        each->attribute.index = index++;
        each->scope = graph.store(meant->meant);
      }
    }
  }

 private:
  struct entry {
    operation kind = operation::parameter;
    std::string called, meant;
    std::int32_t index = 0;
  };

  static bool is_named(const node& of) { return of.op == operation::parameter || of.op == operation::buffer; }

  static bool is_same(const graph_view& a, const graph_view& b) {
    const auto same_node = [&](const node& x, const node& y) {
      return x.op == y.op && x.operands.count == y.operands.count &&
             (!is_named(x) || a.text(x.scope) == b.text(y.scope));
    };
    return std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(), same_node) &&
           std::equal(a.operands.begin(), a.operands.end(), b.operands.begin(), b.operands.end()) &&
           std::equal(a.outputs.begin(), a.outputs.end(), b.outputs.begin(), b.outputs.end());
  }

  /// Goes from the outputs to the sources, in both graphs at once.
  static void match(const graph_view& constant, const graph_view& run_time, std::vector<std::int32_t>& meant,
                    std::vector<bool>& taken) {
    std::vector<std::pair<std::int32_t, std::int32_t>> open;
    for (std::size_t i = 0; i < std::min(constant.outputs.size(), run_time.outputs.size()); ++i) {
      open.push_back({constant.outputs[i], run_time.outputs[i]});
    }
    while (!open.empty()) {
      const auto [there, here] = open.back();
      open.pop_back();
      if (meant[static_cast<std::size_t>(here)] >= 0) continue;
      const node& x = constant.node_at(constant.value_at(there).producer);
      const node& y = run_time.node_at(run_time.value_at(here).producer);
      if (x.op != y.op || x.operands.count != y.operands.count) continue;  // an unfinished graph of a wrong network
      meant[static_cast<std::size_t>(here)] = there;
      taken[static_cast<std::size_t>(there)] = true;
      for (int i = 0; i < x.operands.count; ++i) open.push_back({constant.operand(x, i), run_time.operand(y, i)});
    }
  }

  const entry& find(operation kind, std::string_view called) const {
    for (const entry& each : entries_) {
      if (each.kind == kind && each.called == called) return each;
    }
    const std::string name(called);
    throw weight_error("which parameter is \"" + name +
                           "\" depends on the order of calls, which is not known for this size: write locals instead "
                           "of several calls in one list of arguments",
                       name);
  }

  bool differs_ = false;
  std::vector<entry> entries_;
};

/// The call order of a description of `Inputs` inputs.
template <const auto& Net, std::size_t Inputs>
const call_order& call_order_of() {
  using sample = decltype(find_sample<Net, Inputs>());
  static const call_order order(stage<lowering<Net, sample, void>>::graph.view(),
                                lower<Inputs>(Net, sample::list).graph.view());
  return order;
}

}  // namespace v0
}  // namespace tenon
