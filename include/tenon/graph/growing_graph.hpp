// SPDX-License-Identifier: Apache-2.0
// A graph under construction: what lowering and passes append to.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// A graph that grows at its end. It lives inside one constant evaluation, or at run time.
class growing_graph {
 public:
  list<node> nodes;
  list<value> values;
  list<std::int32_t> operands;
  list<std::int32_t> outputs;
  list<char> characters;
  list<float> reals;
  array_view<char> inherited{};  ///< the text of the graph this one was made from, while compiling
  diagnostic problem{};

  constexpr graph_view view() const {
    return {nodes, values, operands, outputs, characters.empty() ? inherited : array_view<char>(characters),
            reals, problem};
  }

  /// The sizes of the pools; inherited text is not one.
  constexpr graph_sizes sizes() const {
    graph_sizes own = sizes_of(view());
    own.characters = characters.size();
    return own;
  }

  constexpr range store(std::string_view text) {
    const range stored{static_cast<std::int32_t>(characters.size()), static_cast<std::int32_t>(text.size())};
    characters.append(text.data(), text.size());
    return stored;
  }

  /// Appends a node without results; results are added with `add_result` before the next node.
  constexpr std::int32_t append(operation op, array_view<std::int32_t> from, const attributes& attribute,
                                range scope = {}) {
    push_node(op, from, attribute, scope, 0);
    return static_cast<std::int32_t>(nodes.count) - 1;
  }

  /// Adds a result to the last node; gives the value's number.
  constexpr std::int32_t add_result(const shape& extents, element_type type = element_type::float32,
                                    layout arrangement = layout::contiguous) {
    values.push_back({extents, type, arrangement, static_cast<std::int32_t>(nodes.count) - 1});
    ++nodes.first[nodes.count - 1].results.count;
    return static_cast<std::int32_t>(values.count) - 1;
  }

  /// Appends a node with one result; gives the value's number.
  constexpr std::int32_t make(operation op, array_view<std::int32_t> from, const attributes& attribute,
                              const shape& extents, range scope = {}) {
    push_node(op, from, attribute, scope, 1);
    values.push_back({extents, element_type::float32, layout::contiguous, static_cast<std::int32_t>(nodes.count) - 1});
    return static_cast<std::int32_t>(values.count) - 1;
  }

  /// Records a problem, of one or two values if these are given, unless there is one already: the first is the one that
  /// is shown.
  constexpr void report(enum problem kind, range scope, std::int64_t expected, std::int64_t found,
                        std::int32_t first = -1, std::int32_t second = -1) {
    if (problem) return;
    problem = {kind, scope.begin, scope.count, expected, found, {first, second}};
  }

  /// The same of an operation.
  constexpr void report(enum problem kind, range scope, std::int64_t expected, std::int64_t found, operation of) {
    if (problem) return;
    problem = {kind, scope.begin, scope.count, expected, found};
    problem.of = of;
  }

 private:
  constexpr void push_node(operation op, const array_view<std::int32_t>& from, const attributes& attribute, range scope,
                           std::int32_t results) {
    const range read{static_cast<std::int32_t>(operands.count), static_cast<std::int32_t>(from.count)};
    nodes.push_back({op, read, {static_cast<std::int32_t>(values.count), results}, scope, attribute, {}});
    if (from.count > 0) operands.append(from.first, from.count);
  }
};

/// Copies a graph node by node into a growing one, so that a pass spells out only what it changes.
class graph_copy {
  // Stands first: clang computes with a template only behind its definition.
  template <bool Renumbers>
  constexpr void copy_results(const node& old, std::int32_t producer) {
    [[maybe_unused]] auto number = static_cast<std::int32_t>(to.values.count);
    [[maybe_unused]] std::int32_t* const now = renumbered.first;
    const value* const result = from_.values.first;
    for (std::int32_t i = old.results.begin; i < old.results.begin + old.results.count; ++i) {
      if constexpr (Renumbers) now[i] = number++;
      to.values.push_back({result[i].extents, result[i].type, result[i].arrangement, producer});
    }
  }

 public:
  growing_graph to;
  list<std::int32_t> renumbered;  ///< of each old value its new number, or -1

  constexpr explicit graph_copy(const graph_view& from) : from_(from) {
    renumbered.assign(from.values.size(), -1);
    // No pass adds text. While compiling the text of a constant is seen, not copied: copying it is dear there.
    if (std::is_constant_evaluated()) {
      to.inherited = from.characters;
    } else {
      to.characters.append(from.characters.data(), from.characters.size());
    }
    to.reals.append(from.reals.data(), from.reals.size());
    to.problem = from.problem;
    to.nodes.reserve(from.nodes.size());
    to.values.reserve(from.values.size());
    to.operands.reserve(from.operands.size());
  }

  /// The new numbers of a node's operands.
  constexpr list<std::int32_t> operands_of(const node& old) const {
    list<std::int32_t> numbers;
    for (std::int32_t i = 0; i < old.operands.count; ++i) numbers.push_back(renumber(from_.operand(old, i)));
    return numbers;
  }

  constexpr std::int32_t renumber(std::int32_t old) const { return renumbered.first[old]; }
  constexpr void renumber(std::int32_t old, std::int32_t now) { renumbered.first[old] = now; }

  /// Copies a node; gives its new number.
  constexpr std::int32_t copy(const node& old) {
    const auto number = static_cast<std::int32_t>(to.nodes.count);
    const std::int32_t* const read = from_.operands.first + old.operands.begin;
    to.nodes.push_back({old.op,
                        {static_cast<std::int32_t>(to.operands.count), old.operands.count},
                        {static_cast<std::int32_t>(to.values.count), old.results.count},
                        old.scope,
                        old.attribute,
                        old.computed_by});
    if (old.operands.count > 0) {
      const std::int32_t* const now = renumbered.first;
      std::int32_t* const numbers = to.operands.extend(static_cast<std::size_t>(old.operands.count));
      for (std::int32_t i = 0; i < old.operands.count; ++i) numbers[i] = now[read[i]];
    }
    copy_results<true>(old, number);
    return number;
  }

  /// Copies a node with other operands, given by their new numbers.
  constexpr std::int32_t copy(const node& old, array_view<std::int32_t> numbers) {
    const std::int32_t number = push(old, numbers);
    copy_results<true>(old, number);
    return number;
  }

  /// Appends a node once more: its results are new values, and the old ones keep the numbers that they have.
  constexpr std::int32_t append(const node& old, array_view<std::int32_t> numbers) {
    const std::int32_t number = push(old, numbers);
    copy_results<false>(old, number);
    return number;
  }

  /// Copies the outputs; what stands last in a pass.
  constexpr void copy_outputs() {
    for (std::int32_t output : from_.outputs) to.outputs.push_back(renumber(output));
  }

 private:
  constexpr std::int32_t push(const node& old, const array_view<std::int32_t>& numbers) {
    const std::int32_t number = to.append(old.op, numbers, old.attribute, old.scope);
    to.nodes.first[number].results.count = old.results.count;
    to.nodes.first[number].computed_by = old.computed_by;
    return number;
  }

  graph_view from_;
};

}  // namespace v0
}  // namespace tenon
