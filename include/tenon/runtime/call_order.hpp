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

/// Inputs to lower a description for: all of one shape, if possible one for which the network is right. Extents are
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

/// The number of the first sample for which the network is right; the number of samples if none is, as for networks of
/// 7 channels in groups.
template <const auto& Net, std::size_t Inputs, std::size_t Number = 0>
constexpr std::size_t find_sample() {
  if constexpr (Number == sample_shapes.size()) {
    return Number;
  } else if constexpr (!stage<lowering<Net, sample_inputs<Inputs, Number>, void>>::graph.problem) {
    return Number;
  } else {
    return find_sample<Net, Inputs, Number + 1>();
  }
}

/// Where the nodes of a description stand in constants, and what its parameters and running statistics are called
/// there.
class call_order {
 public:
  /// Both graphs are of one description and the same inputs.
  call_order(const graph_view& constant, const graph_view& run_time) {
    if (is_same(constant, run_time)) return;
    std::vector<std::int32_t> meant(run_time.nodes.size(), -1);
    std::vector<bool> taken(constant.nodes.size(), false);
    match(constant, run_time, meant, taken);
    match_rest(constant, run_time, meant, taken);
    for (std::int32_t i = 0; i < run_time.node_count(); ++i) {
      const node& here = run_time.node_at(i);
      entry made{here.op, std::string(run_time.text(here.scope)), {}, 0, meant[static_cast<std::size_t>(i)]};
      if (is_named(here) && made.position >= 0) {
        const node& there = constant.node_at(made.position);
        made.meant = constant.text(there.scope);
        made.index = there.attribute.index;
      }
      entries_.push_back(std::move(made));
    }
  }

  /// Whether calls come in another order at run time than in constants.
  bool differs() const { return !entries_.empty(); }

  /// Brings a graph that was lowered at run time into the order of constants, and gives its parameters their names.
  /// ensures: the graph computes the same
  /// throws: weight_error for a parameter that a network of the sample size does not have.
  growing_graph apply(growing_graph graph) const {
    if (!differs()) return graph;
    const std::vector<const entry*> meant = align(graph.view());
    for (const operation kind : {operation::parameter, operation::buffer}) {
      std::vector<std::pair<const entry*, node*>> found;
      for (std::size_t i = 0; i < meant.size(); ++i) {
        if (graph.nodes[i].op == kind) found.push_back({meant[i], &graph.nodes[i]});
      }
      std::sort(found.begin(), found.end(),
                [](const auto& a, const auto& b) { return a.first->index < b.first->index; });
      std::int32_t index = 0;
      for (const auto& [there, each] : found) {
        each->attribute.index = index++;
        each->scope = graph.store(there->meant);
      }
    }
    return sorted(graph.view(), meant);
  }

 private:
  /// A node of the sample.
  struct entry {
    operation op = operation::input;
    std::string called, meant;  ///< its scope at run time, and in constants if it is a parameter
    std::int32_t index = 0;     ///< of a parameter, in constants
    std::int32_t position = 0;  ///< in constants, or -1
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
      const std::int32_t there = constant.value_at(open.back().first).producer;
      const std::int32_t here = run_time.value_at(open.back().second).producer;
      open.pop_back();
      const node &x = constant.node_at(there), &y = run_time.node_at(here);
      if (meant[static_cast<std::size_t>(here)] >= 0) continue;
      if (x.op != y.op || x.operands.count != y.operands.count) continue;  // an unfinished graph of a wrong network
      meant[static_cast<std::size_t>(here)] = there;
      taken[static_cast<std::size_t>(there)] = true;
      for (int i = 0; i < x.operands.count; ++i) open.push_back({constant.operand(x, i), run_time.operand(y, i)});
    }
  }

  /// Parameters that no output depends on are told by their names; or it does not matter which of one shape is which.
  static void match_rest(const graph_view& constant, const graph_view& run_time, std::vector<std::int32_t>& meant,
                         std::vector<bool>& taken) {
    for (const bool by_name : {true, false}) {
      for (std::size_t here = 0; here < meant.size(); ++here) {
        const node& y = run_time.nodes[here];
        if (!is_named(y)) continue;
        for (std::size_t there = 0; there < taken.size() && meant[here] < 0; ++there) {
          const node& x = constant.nodes[there];
          if (x.op != y.op || taken[there]) continue;
          if (constant.result_value(x).extents != run_time.result_value(y).extents) continue;
          if (by_name && constant.text(x.scope) != run_time.text(y.scope)) continue;
          meant[here] = static_cast<std::int32_t>(there);
          taken[there] = true;
        }
      }
    }
  }

  /// The sample's node for each node of a graph of another size, or null. Both come from the same calls in the same
  /// order, but a size may take a call more or less: parameters are found by their names, what lies between them by
  /// their scopes.
  std::vector<const entry*> align(const graph_view& graph) const {
    std::vector<const entry*> found(graph.nodes.size(), nullptr);
    std::size_t next = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const node& here = graph.nodes[i];
      const std::string_view scope = graph.text(here.scope);
      const auto fits = [&](const entry& each) { return each.op == here.op && each.called == scope; };
      if (is_named(here)) {
        const auto named = std::find_if(entries_.begin(), entries_.end(), fits);
        if (named == entries_.end() || named->position < 0) throw_unknown(scope);
        next = static_cast<std::size_t>(named - entries_.begin());
      }
      for (std::size_t k = next; k < entries_.size() && found[i] == nullptr; ++k) {
        if (fits(entries_[k])) {
          found[i] = &entries_[k];
          next = k + 1;
        }
        const bool is_parameter = entries_[k].op == operation::parameter || entries_[k].op == operation::buffer;
        if (is_parameter && !is_named(here)) break;
      }
    }
    return found;
  }

  /// The same nodes by their positions in constants; what has none follows its operands.
  static growing_graph sorted(const graph_view& graph, const std::vector<const entry*>& meant) {
    std::vector<std::int32_t> keys(graph.nodes.size(), 0);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const node& each = graph.nodes[i];
      for (int o = 0; o < each.operands.count; ++o) {
        keys[i] = std::max(keys[i], keys[static_cast<std::size_t>(graph.operand_value(each, o).producer)]);
      }
      // Never before an operand.
      if (meant[i] != nullptr) keys[i] = std::max(keys[i], meant[i]->position);
    }
    std::vector<std::size_t> order(keys.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    graph_copy copy(graph);
    for (const std::size_t i : order) copy.copy(graph.nodes[i]);
    copy.copy_outputs();
    return std::move(copy.to);
  }

  [[noreturn]] static void throw_unknown(std::string_view called) {
    const std::string name(called);
    throw weight_error("which parameter is \"" + name +
                           "\" depends on the order of calls, which is not known for this size: write locals instead "
                           "of several calls in one list of arguments",
                       name);
  }

  std::vector<entry> entries_;  ///< in the order at run time; none if that is the order in constants
};

/// The call order that a sample tells.
template <const auto& Net, std::size_t Inputs, std::size_t Number>
const call_order& call_order_of_sample() {
  using sample = sample_inputs<Inputs, Number>;
  static const call_order order(stage<lowering<Net, sample, void>>::graph.view(),
                                lower<Inputs>(Net, sample::list).graph.view());
  return order;
}

/// The call order of a description of `Inputs` inputs of a rank. Where no sample fits it is the first of that rank that
/// tells: a network that is wrong for its channels is lowered to its end all the same, with all its parameters, and
/// their shapes do not count.
template <const auto& Net, std::size_t Inputs>
const call_order& call_order_of(std::int32_t rank = 4) {
  constexpr std::size_t fitting = find_sample<Net, Inputs>();
  if constexpr (fitting < sample_shapes.size()) {
    return call_order_of_sample<Net, Inputs, fitting>();
  } else {
    constexpr std::size_t first_volume = 4;
    static_assert(sample_shapes[0].rank == 4 && sample_shapes[first_volume].rank == 5);
    return rank == 5 ? call_order_of_sample<Net, Inputs, first_volume>() : call_order_of_sample<Net, Inputs, 0>();
  }
}

}  // namespace v0
}  // namespace tenon
