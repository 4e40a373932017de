// SPDX-License-Identifier: Apache-2.0
// What static tests ask of descriptions: their graphs as text, their names, their problems.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "tenon/graph/printer.hpp"
#include "tenon/graph/verifier.hpp"
#include "tenon/passes/lower.hpp"
#include "tenon/plan/plan_of.hpp"
#include "tenon/train/losses.hpp"

/// A graph, or what was printed of it, is a text.
#define TENON_EXPECT(graph, expected) static_assert(tenon_test::text_of(graph).view() == (expected))

namespace tenon_test {

/// Each graph that is printed keeps the rules on which passes rely.
constexpr tenon::growing_text text_of(const tenon::growing_graph& graph) {
  if (tenon::verify(graph.view()).kind != tenon::flaw::none) throw "the graph breaks a rule of graph/verifier.hpp";
  return tenon::print(graph.view());
}
constexpr tenon::growing_text text_of(const tenon::growing_text& text) { return text; }
/// The same of a graph that is laid out for a backend.
template <class Capabilities>
constexpr tenon::growing_text text_of_laid_out(const tenon::growing_graph& graph) {
  if (tenon::verify_laid_out<Capabilities>(graph.view()).kind != tenon::flaw::none)
    throw "the graph breaks a rule of graph/verifier.hpp";
  return tenon::print(graph.view());
}

/// The input of the static tests' small networks.
inline constexpr tenon::shape small_picture(1, 4, 8, 8);

/// A description of one input, lowered.
template <class Net>
constexpr tenon::builder builder_of(const Net& net, const tenon::shape& input = small_picture) {
  const std::array<tenon::shape, 1> inputs{input};
  return tenon::lower<1>(net, inputs);
}
template <class Net>
constexpr tenon::growing_graph lowered(const Net& net, const tenon::shape& input = small_picture) {
  return builder_of(net, input).graph;
}

/// A description of one input with its losses.
template <class Loss, class Net>
constexpr tenon::growing_graph lowered_with(const Net& net, const tenon::shape& input = small_picture) {
  tenon::builder to = builder_of(net, input);
  tenon::loss_list<Loss>::type::append_all(to);
  return std::move(to.graph);
}

/// What is wrong with a description.
template <class Net>
constexpr tenon::problem problem_of(const Net& net, const tenon::shape& input = small_picture) {
  return builder_of(net, input).graph.problem.kind;
}

template <class List>
constexpr bool are_named(const List& list, std::initializer_list<std::string_view> names) {
  if (list.size() != names.size()) return false;
  std::size_t i = 0;
  for (std::string_view name : names) {
    if (list[i++].name != name) return false;
  }
  return true;
}

/// Whether a network's parameters have these names, in this order.
template <const auto& Net, class Input = tenon::image<1, 4, 8, 8>>
constexpr bool has_names(std::initializer_list<std::string_view> names) {
  return are_named(tenon::plan_of<Net, Input>::parameter_list, names);
}
/// The same of running statistics.
template <const auto& Net, class Input = tenon::image<1, 4, 8, 8>>
constexpr bool has_buffers(std::initializer_list<std::string_view> names) {
  return are_named(tenon::plan_of<Net, Input>::buffer_list, names);
}

}  // namespace tenon_test
