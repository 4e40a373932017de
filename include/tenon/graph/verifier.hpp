// SPDX-License-Identifier: Apache-2.0
// The verifier: whether a graph keeps the rules that passes, planner and backends rely on.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/graph/dependences.hpp"
#include "tenon/graph/graph.hpp"
#include "tenon/graph/shape_verifier.hpp"

// A default stands for the roles that a switch does not name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace tenon {
inline namespace v0 {

/// A rule that a graph breaks.
enum class flaw : std::uint8_t {
  none,
  operand_is_none,       ///< an operand's number is no value's
  operand_made_later,    ///< an operand is made by this node or one behind it
  operand_count,         ///< more or fewer operands than the table of operations says
  operand_after_update,  ///< the node reads what an update before it has changed
  loss_after_update,     ///< an update stands before a loss, so that it would change memory of a step that is refused
  result_count,          ///< more or fewer results than the table of operations says
  result_order,          ///< results do not follow those of the node before
  result_producer,       ///< a result says that another node makes it
  result_is_empty,       ///< an extent is less than 1
  shape,                 ///< shapes of operands and results do not go together
  element_type,          ///< labels are int32, a workspace bytes, all else float32
  layout,                ///< blocked is what an elementwise operation reads or makes, and something else is not
  value_without_node,    ///< no node makes a value
  output_is_none,        ///< an output's number is no value's
  workspace,             ///< of another size than what computes the node needs
  computed_by,           ///< what is to compute the node cannot, with these layouts
};

/// A sentence for tests and exceptions.
constexpr std::string_view sentence_of(flaw kind) {
  switch (kind) {
    case flaw::none:
      return "the graph is sound";
    case flaw::operand_is_none:
      return "an operand is no value";
    case flaw::operand_made_later:
      return "an operand is made later";
    case flaw::operand_count:
      return "the operation has another number of operands";
    case flaw::operand_after_update:
      return "an operand has been updated before";
    case flaw::loss_after_update:
      return "an update stands before a loss";
    case flaw::result_count:
      return "the operation has another number of results";
    case flaw::result_order:
      return "results do not follow those of the node before";
    case flaw::result_producer:
      return "a result has another producer";
    case flaw::result_is_empty:
      return "a result is empty";
    case flaw::shape:
      return "the shapes do not go together";
    case flaw::element_type:
      return "a value is of the wrong type";
    case flaw::layout:
      return "the layouts do not go together";
    case flaw::value_without_node:
      return "a value is made by no node";
    case flaw::output_is_none:
      return "an output is no value";
    case flaw::workspace:
      return "the workspace has another size than what computes the node needs";
    case flaw::computed_by:
      return "what is to compute the node cannot";
  }
  return "";
}

/// The first rule that is broken, and by which node (-1: by none in particular).
struct violation {
  flaw kind = flaw::none;
  std::int32_t node = -1;

  constexpr explicit operator bool() const { return kind != flaw::none; }
};

/// Checks a graph node by node against the table of operations.
class graph_verifier {
 public:
  constexpr explicit graph_verifier(const graph_view& graph) : graph_(graph) {}

  constexpr violation run() {
    std::int32_t made = 0;
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      const flaw found = flaw_of(i, made);
      if (found != flaw::none) return {found, i};
      made += graph_.node_at(i).results.count;
    }
    if (made != graph_.value_count()) return {flaw::value_without_node, -1};
    for (const std::int32_t output : graph_.outputs) {
      if (output < 0 || output >= made) return {flaw::output_is_none, -1};
    }
    return find_misplaced();
  }

 private:
  /// `made`: how many values the nodes before have made.
  constexpr flaw flaw_of(std::int32_t number, std::int32_t made) const {
    const node& of = graph_.node_at(number);
    for (int o = 0; o < of.operands.count; ++o) {
      const std::int32_t operand = graph_.operand(of, o);
      if (operand < 0 || operand >= graph_.value_count()) return flaw::operand_is_none;
      if (operand >= made) return flaw::operand_made_later;
    }
    const int results = of.results.count - (of.attribute.has_workspace ? 1 : 0);
    if (!is_count(traits_of(of.op).operands, operation_traits::most_operands, of, of.operands.count))
      return flaw::operand_count;
    if (!is_count(traits_of(of.op).results, operation_traits::most_results, of, results)) return flaw::result_count;
    if (of.results.count > 0 && of.results.begin != made) return flaw::result_order;
    for (int r = 0; r < of.results.count; ++r) {
      const value& result = graph_.result_value(of, r);
      if (result.producer != number) return flaw::result_producer;
      for (int d = 0; d < result.extents.rank; ++d) {
        if (result.extents[d] < 1) return flaw::result_is_empty;
      }
    }
    if (!types_agree(of)) return flaw::element_type;
    if (!shape_verifier(graph_, of).agree()) return flaw::shape;
    if (!layouts_agree(of)) return flaw::layout;
    return flaw::none;
  }

  static constexpr bool is_count(const slot* slots, int most, const node& of, int found) {
    int least = 0;
    bool repeats = false;
    for (const slot* at = slots; at != slots + most && at->is != role::none; ++at) {
      if (at->when == presence::repeated) {
        repeats = true;
      } else if (has(of.attribute, at->when)) {
        ++least;
      }
    }
    return repeats ? found >= least : found == least;
  }

  constexpr bool types_agree(const node& of) const {
    for (int o = 0; o < of.operands.count; ++o) {
      const element_type wanted = operand_role(of, o) == role::labels ? element_type::int32 : element_type::float32;
      if (graph_.operand_value(of, o).type != wanted) return false;
    }
    for (int r = 0; r < of.results.count; ++r) {
      const role is = result_slot(of, r).is;
      const element_type type = graph_.result_value(of, r).type;
      if (is == role::none && type != element_type::byte) return false;  // a workspace
      if (is != role::none && is != role::source && type != element_type::float32) return false;
    }
    return true;
  }

  /// What has no channels of pixels is contiguous, and so is what is given; an elementwise operation reads and makes
  /// one layout.
  constexpr bool layouts_agree(const node& of) const {
    for (int r = 0; r < of.results.count; ++r) {
      const value& made = graph_.result_value(of, r);
      const bool may_be_blocked = is_of_features(result_slot(of, r).is) && made.extents.rank >= 4;
      if (!may_be_blocked && made.arrangement != layout::contiguous) return false;
    }
    if (!traits_of(of.op).is_elementwise) return true;
    const layout wanted = graph_.result_value(of).arrangement;
    for (int o = 0; o < of.operands.count; ++o) {
      const role is = operand_role(of, o);
      if ((is == role::activation || is == role::output_gradient || is == role::residual) &&
          graph_.operand_value(of, o).arrangement != wanted) {
        return false;
      }
    }
    return true;
  }
  static constexpr bool is_of_features(role is) { return is == role::activation || is == role::input_gradient; }

  /// Whether every node stands behind those that have to run before it.
  constexpr violation find_misplaced() const {
    const dependences needed(graph_);
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      for (std::int32_t at = needed.begin.first[i]; at < needed.begin.first[i + 1]; ++at) {
        // What makes an operand stands before it, so this is about what has to run before an update.
        if (const std::int32_t late = needed.before.first[at]; late >= i)
          return {is_loss(graph_.node_at(late).op) ? flaw::loss_after_update : flaw::operand_after_update, late};
      }
    }
    return {};
  }

  graph_view graph_;
};

/// The first rule that a graph breaks. cost: nodes + operands, and those of `dependences`
constexpr violation verify(const graph_view& graph) { return graph_verifier(graph).run(); }

/// The same of a graph that has not been laid out yet: all values are contiguous, and no node is computed by anything.
constexpr violation verify_not_laid_out(const graph_view& graph) {
  if (const violation found = verify(graph)) return found;
  for (const value& each : graph.values) {
    if (each.arrangement != layout::contiguous) return {flaw::layout, each.producer};
  }
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    if (graph.node_at(i).attribute.has_workspace) return {flaw::result_count, i};
  }
  return {};
}

/// The same of a graph that has been laid out for a backend: every node reads and makes the layouts that the backend
/// asks for, has the workspace that what computes it needs, and can be computed by that with these layouts. Outputs are
/// contiguous; of a reorder it is the reader who asks.
template <class Capabilities>
constexpr violation verify_laid_out(const graph_view& graph) {
  if (const violation found = verify(graph)) return found;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& of = graph.node_at(i);
    if (is_source(of.op) || is_update(of.op) || of.op == operation::reorder) continue;
    for (int o = 0; o < of.operands.count; ++o) {
      const value& given = graph.operand_value(of, o);
      const operation producer = graph.node_at(given.producer).op;
      const bool is_stored = is_source(producer) && producer != operation::input && producer != operation::target;
      if (!is_stored && given.arrangement != Capabilities::operand_layout(graph, of, o)) return {flaw::layout, i};
    }
    const int results = of.results.count - (of.attribute.has_workspace ? 1 : 0);
    for (int r = 0; r < results; ++r) {
      const layout made = graph.result_value(of, r).arrangement;
      // The first result may be contiguous where others would be blocked, if the node can work so.
      const bool may_differ = r == 0 && made == layout::contiguous && Capabilities::writes_contiguous(graph, of);
      if (made != Capabilities::result_layout(graph, of, r) && !may_differ) return {flaw::layout, i};
    }
    const std::int64_t workspace = of.attribute.has_workspace ? graph.result_value(of, results).extents.elements() : 0;
    if (workspace != of.computed_by.workspace_bytes) return {flaw::workspace, i};
    if constexpr (requires { Capabilities::can_compute(graph, of); }) {
      if (!Capabilities::can_compute(graph, of)) return {flaw::computed_by, i};
    }
  }
  for (const std::int32_t output : graph.outputs) {
    if (graph.value_at(output).arrangement != layout::contiguous)
      return {flaw::layout, graph.value_at(output).producer};
  }
  return {};
}

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
