// SPDX-License-Identifier: Apache-2.0
// What passes want to change in a graph, noted one after the other and then made in a single copy.
#pragma once

#include "tenon/graph/growing_graph.hpp"
#include "tenon/graph/operand_list.hpp"

namespace tenon {
inline namespace v0 {

/// Notes of nodes that vanish: nobody needs them, or another node takes them in. Passes that only merge nodes add to
/// the notes of those before them, and `applied` copies the graph once for all: while compiling, a copy takes longer
/// than a pass.
///
/// A pass sees the graph as the notes have made it: it reads operands through `operand`, and asks `uses`, `folds_norm`,
/// `adds` and `function` where it would ask the graph.
/// requires: nodes in an order in which they can run
class graph_edits {
 public:
  enum class dead_code : bool { stays, goes };

  /// cost: nodes + operands
  constexpr explicit graph_edits(const graph_view& graph, dead_code dead = dead_code::stays)
      : graph_(graph), vanishes_(graph.nodes.size(), 0), merged_(graph.nodes.size(), -1) {
    uses_.assign(graph.values.size(), 0);
    last_reader_.assign(graph.values.size(), -1);
    stand_in_.assign(graph.values.size(), -1);
    // While compiling a call costs as much as several accesses, hence pointers.
    std::int32_t *const uses = uses_.data(), *const last = last_reader_.data();
    for (std::int32_t output : graph.outputs) {
      ++uses[output];
      last[output] = graph.node_count();
    }
    const node* const nodes = graph.nodes.first;
    const std::int32_t* const operands = graph.operands.first;
    const phase* const phases = table::by_operation.phase;
    for (std::int32_t i = graph.node_count() - 1; i >= 0; --i) {
      const node& current = nodes[i];
      if (phases[static_cast<int>(current.op)] == phase::source) continue;
      bool needed = dead == dead_code::stays || is_update(current.op);
      const std::int32_t* const results = uses + current.results.begin;
      for (std::int32_t r = 0; r < current.results.count; ++r) needed = needed || results[r] != 0;
      if (!needed) {
        vanishes_.data()[i] = 1;
        continue;
      }
      steps_.push_back(i);
      const std::int32_t* const read = operands + current.operands.begin;
      for (std::int32_t o = 0; o < current.operands.count; ++o) {
        if (uses[read[o]]++ == 0) last[read[o]] = i;
      }
    }
  }

  constexpr const graph_view& graph() const { return graph_; }

  /// The nodes that are no sources and were needed at the start, the last first.
  constexpr const list<std::int32_t>& steps() const { return steps_; }
  constexpr bool vanishes(std::int32_t node_number) const { return vanishes_.data()[node_number] != 0; }

  /// The value that stands for another by now; itself if none does.
  constexpr std::int32_t present(std::int32_t number) const {
    const std::int32_t* const stand_in = stand_in_.data();
    while (stand_in[number] >= 0) number = stand_in[number];
    return number;
  }
  constexpr std::int32_t operand(const node& of, int i) const { return present(graph_.operand(of, i)); }
  /// The node that makes a present value.
  constexpr std::int32_t producer(std::int32_t number) const { return graph_.values.first[number].producer; }
  /// How many operands and outputs a present value is, and the last node that reads it (an output: behind all).
  constexpr std::int32_t uses(std::int32_t number) const { return uses_.data()[number]; }
  constexpr std::int32_t last_reader(std::int32_t number) const { return last_reader_.data()[number]; }

  constexpr bool folds_norm(std::int32_t i) const {
    return graph_.nodes.first[i].attribute.folds_norm || (merged_.data()[i] >= 0 && merge_of(i).norm >= 0);
  }
  constexpr bool adds(std::int32_t i) const {
    return graph_.nodes.first[i].attribute.adds || (merged_.data()[i] >= 0 && merge_of(i).residual >= 0);
  }
  /// The activation in a node.
  constexpr activation function(std::int32_t i) const {
    if (merged_.data()[i] < 0 || merge_of(i).function < 0) return graph_.nodes.first[i].attribute.fused;
    return graph_.nodes.first[merge_of(i).function].attribute.fused;
  }

  /// A node vanishes: who reads its first result reads a present value instead.
  constexpr void replace(std::int32_t i, std::int32_t instead) {
    const std::int32_t result = graph_.nodes.first[i].results.begin;
    vanishes_.data()[i] = 1;
    stand_in_.data()[result] = instead;
    uses_.data()[instead] += uses_.data()[result] - 1;
    if (last_reader_.data()[result] > last_reader_.data()[instead]) {
      last_reader_.data()[instead] = last_reader_.data()[result];
    }
  }

  /// A batch norm goes into the convolution before it.
  constexpr void take_norm(std::int32_t convolution, std::int32_t norm) {
    merge_for(convolution).norm = norm;
    moves_sources_ = true;
    replace(norm, graph_.nodes.first[convolution].results.begin);
  }
  /// A sum goes into a node that makes one of its operands; `residual` is the other.
  constexpr void take_sum(std::int32_t into, std::int32_t sum, std::int32_t residual) {
    merge_for(into).residual = residual;
    replace(sum, graph_.nodes.first[into].results.begin);
  }
  /// A resize goes into the cross entropy behind it.
  constexpr void take_resize(std::int32_t loss, std::int32_t resize) {
    merge_for(loss).resize = resize;
    replace(resize, operand(graph_.nodes.first[resize], 0));
  }
  /// An activation goes into the node before it.
  constexpr void take_activation(std::int32_t into, std::int32_t function) {
    merge_for(into).function = function;
    replace(function, graph_.nodes.first[into].results.begin);
  }

  /// The graph with all changes made. The residuals stand before the nodes that add them, and so do the norms'
  /// parameters: these are moved if need be. Cost: nodes + operands.
  constexpr growing_graph applied() const {
    graph_copy copy(graph_);
    const node* const nodes = graph_.nodes.first;
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      const node& current = nodes[i];
      if (vanishes_.data()[i] != 0) {
        if (current.results.count == 0) continue;
        const std::int32_t result = current.results.begin, instead = stand_in_.data()[result];
        if (instead >= 0) copy.renumber(result, copy.renumber(present(instead)));
      } else if (merged_.data()[i] >= 0) {
        copy_merged(copy, current, merge_of(i));
      } else if (!moves_sources_ || !is_source(current.op) || copy.renumber(current.results.begin) < 0) {
        copy.copy(current);
      }
    }
    copy.copy_outputs();
    return std::move(copy.to);
  }

 private:
  // What a node has taken in.
  struct merge {
    std::int32_t norm = -1;      // the node
    std::int32_t residual = -1;  // the value
    std::int32_t function = -1;  // the node
    std::int32_t resize = -1;    // the node
  };

  constexpr const merge& merge_of(std::int32_t i) const { return merges_.data()[merged_.data()[i]]; }
  constexpr merge& merge_for(std::int32_t i) {
    std::int32_t& number = merged_.data()[i];
    if (number < 0) {
      number = static_cast<std::int32_t>(merges_.size());
      merges_.push_back({});
    }
    return merges_.data()[number];
  }

  constexpr void copy_merged(graph_copy& copy, const node& current, const merge& taken) const {
    attributes attribute = current.attribute;
    if (taken.norm >= 0) {
      attribute.folds_norm = true;
      attribute.epsilon = graph_.node_at(taken.norm).attribute.epsilon;
    }
    if (taken.residual >= 0) attribute.adds = true;
    if (taken.function >= 0) {
      attribute.fused = graph_.node_at(taken.function).attribute.fused;
      attribute.slope = graph_.node_at(taken.function).attribute.slope;
    }
    if (taken.norm < 0 && taken.residual < 0) {
      copy.copy(current);
    } else {
      copy.copy(current, operands_of(copy, current, attribute, taken).view());
    }
    if (taken.resize >= 0) {
      copy.to.nodes.back().op = operation::resized_cross_entropy;
      attribute.interpolation = graph_.node_at(taken.resize).attribute.interpolation;
    }
    copy.to.nodes.back().attribute = attribute;
  }

  // Those that a node has, and those that its attributes now say.
  constexpr operand_list operands_of(graph_copy& copy, const node& current, const attributes& attribute,
                                     const merge& taken) const {
    operand_list operands(current.op, attribute);
    for (std::int32_t o = 0; o < current.operands.count; ++o)
      operands.set(operand_role(current, o), copy.renumber(graph_.operand(current, o)));
    if (taken.norm >= 0) {
      constexpr role of_norm[] = {role::scale, role::shift, role::mean, role::variance};
      for (const role is : of_norm) {
        const std::int32_t parameter = graph_.operand(graph_.node_at(taken.norm), is);
        if (copy.renumber(parameter) < 0) copy.copy(graph_.node_at(graph_.value_at(parameter).producer));
        operands.set(is, copy.renumber(parameter));
      }
    }
    if (taken.residual >= 0) operands.set(role::residual, copy.renumber(taken.residual));
    return operands;
  }

  graph_view graph_;
  list<char> vanishes_;
  list<std::int32_t> merged_;  // of each node its number in merges_
  list<merge> merges_;
  list<std::int32_t> uses_, last_reader_, stand_in_;
  list<std::int32_t> steps_;
  bool moves_sources_ = false;
};

}  // namespace v0
}  // namespace tenon
