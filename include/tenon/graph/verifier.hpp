// SPDX-License-Identifier: Apache-2.0
// The verifier: whether a graph keeps the rules that passes, planner and backends rely on.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "tenon/core/list.hpp"
#include "tenon/graph/graph.hpp"

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
  constexpr explicit graph_verifier(const graph_view& graph) : graph_(graph), updated_(graph.values.size(), 0) {}

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
    return {};
  }

 private:
  /// `made`: how many values the nodes before have made.
  constexpr flaw flaw_of(std::int32_t number, std::int32_t made) {
    const node& of = graph_.node_at(number);
    for (int o = 0; o < of.operands.count; ++o) {
      const std::int32_t operand = graph_.operand(of, o);
      if (operand < 0 || operand >= graph_.value_count()) return flaw::operand_is_none;
      if (operand >= made) return flaw::operand_made_later;
      // Several updates of one value, as of a shared norm's statistics, follow one another.
      const bool changes = is_update(of.op) && is_changed(operand_role(of, o));
      if (!changes && updated_[static_cast<std::size_t>(operand)] != 0) return flaw::operand_after_update;
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
    if (!shapes_agree(of)) return flaw::shape;
    if (!layouts_agree(of)) return flaw::layout;
    if (is_loss(of.op) && has_updates_) return flaw::loss_after_update;
    if (is_update(of.op)) note_update(of);
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

  /// Whether a value has an element a channel of the features (of a norm over groups, of each image's groups).
  static constexpr bool is_a_channel(const shape& features, const shape& of) {
    return of.rank == 1 && of[0] == features.channels();
  }

  constexpr bool shapes_agree(const node& of) const {
    if (is_source(of.op)) return true;
    const std::int32_t x = graph_.operand(of, role::activation), dy = graph_.operand(of, role::output_gradient);
    if (is_update(of.op)) return update_agrees(of);
    if (is_loss(of.op)) return graph_.result_value(of).extents.rank == 0 && labels_agree(of);
    if (of.results.count == 0 || !labels_agree(of) || !weights_agree(of)) return false;
    const shape& result = graph_.result_value(of).extents;
    const shape& features = x >= 0 ? graph_.value_at(x).extents : dy >= 0 ? graph_.value_at(dy).extents : result;
    const role made_first = result_slot(of, 0).is;
    const bool makes_features = made_first == role::activation || made_first == role::input_gradient;
    for (int o = 0; o < of.operands.count; ++o) {
      const shape& given = graph_.operand_value(of, o).extents;
      switch (operand_role(of, o)) {
        case role::residual:
          if (given != result) return false;
          break;
        case role::expected:
          if (given != features) return false;
          break;
        case role::scale:
        case role::shift:
          if (of.op != operation::convolution && !is_a_channel(features, given)) return false;
          if (of.op == operation::convolution && !is_a_channel(result, given)) return false;
          break;
        case role::bias:
          if (!is_a_channel(result, given)) return false;
          break;
        case role::activation:
        case role::output_gradient:
          // `add` also sums gradients of parameters.
          if (traits_of(of.op).is_elementwise && given != result) return false;
          if (makes_features && given.rank >= 4 && given.batch() != result.batch()) return false;
          break;
        default:
          break;
      }
    }
    // Gradients have the shape of what they are the gradient of.
    for (int r = 0; r < of.results.count; ++r) {
      const shape& made = graph_.result_value(of, r).extents;
      switch (result_slot(of, r).is) {
        case role::scale_gradient:
        case role::shift_gradient:
          if (!is_a_channel(features, made)) return false;
          break;
        case role::input_gradient:
          if (x >= 0 && of.op != operation::multiply_gradient && made != features) return false;
          break;
        case role::bias_gradient:
          if (!is_a_channel(graph_.value_at(dy).extents, made)) return false;
          break;
        default:
          break;
      }
    }
    return true;
  }

  /// Labels are (N, [D,] H, W) of features (N, C, [D,] H, W).
  constexpr bool labels_agree(const node& of) const {
    const std::int32_t number = graph_.operand(of, role::labels);
    if (number < 0) return true;
    const shape &labels = graph_.value_at(number).extents, &logits = graph_.operand_value(of, role::activation).extents;
    if (labels.rank != logits.rank - 1 || labels[0] != logits[0]) return false;
    for (int d = 1; d < labels.rank; ++d) {
      if (labels[d] != logits[d + 1]) return false;
    }
    return true;
  }

  /// Weights are (O, I / groups, k...), of a transposed convolution (I, O / groups, k...); a linear layer's, whose
  /// window is the whole image, are (O, I k...).
  constexpr bool weights_agree(const node& of) const {
    const std::int32_t read = graph_.operand(of, role::weight), made = graph_.result(of, role::weight_gradient);
    if (read < 0 && made < 0) return true;
    const shape& weights = graph_.value_at(read >= 0 ? read : made).extents;
    const std::int32_t x = graph_.operand(of, role::activation), dy = graph_.operand(of, role::output_gradient);
    std::int32_t in = graph_.value_at(x >= 0 ? x : of.results[0]).extents.channels();
    std::int32_t out = graph_.value_at(dy >= 0 ? dy : of.results[0]).extents.channels();
    if (is_transposed(of.op)) std::swap(in, out);
    const extent3& kernel = of.attribute.kernel;
    const std::int64_t taps = std::int64_t{kernel[0]} * kernel[1] * kernel[2];
    if (weights[0] != out || weights.elements() / out * of.attribute.groups != in * taps) return false;
    for (int d = 2; d < weights.rank; ++d) {
      if (weights[d] != kernel[static_cast<std::size_t>(d + 3 - weights.rank)]) return false;
    }
    return true;
  }

  constexpr bool update_agrees(const node& of) const {
    const std::int32_t parameter = graph_.operand(of, role::parameter);
    if (parameter < 0) {
      const shape& channels = graph_.operand_value(of, 0).extents;
      for (int o = 1; o < of.operands.count; ++o) {
        if (graph_.operand_value(of, o).extents != channels) return false;
      }
      return true;
    }
    for (int o = 0; o < of.operands.count; ++o) {
      const shape& given = graph_.operand_value(of, o).extents;
      const bool is_scalar = operand_role(of, o) == role::gradient_factor;
      if (is_scalar ? given.rank != 0 : given != graph_.value_at(parameter).extents) return false;
    }
    return true;
  }

  constexpr bool layouts_agree(const node& of) const {
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

  constexpr void note_update(const node& of) {
    has_updates_ = true;
    for (int o = 0; o < of.operands.count; ++o) {
      if (is_changed(operand_role(of, o))) updated_[static_cast<std::size_t>(graph_.operand(of, o))] = 1;
    }
  }

  graph_view graph_;
  list<char> updated_;  // of each value whether an update has changed it
  bool has_updates_ = false;
};

/// The first rule that a graph breaks. cost: nodes + operands
constexpr violation verify(const graph_view& graph) { return graph_verifier(graph).run(); }

/// The same of a graph that has been laid out for a backend: every node reads the layouts that it asks for.
template <class Capabilities>
constexpr violation verify_laid_out(const graph_view& graph) {
  if (const violation found = verify(graph)) return found;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& of = graph.node_at(i);
    if (is_source(of.op) || is_update(of.op)) continue;
    for (int o = 0; o < of.operands.count; ++o) {
      const value& given = graph.operand_value(of, o);
      const operation producer = graph.node_at(given.producer).op;
      const bool is_stored = is_source(producer) && producer != operation::input && producer != operation::target;
      if (!is_stored && given.arrangement != Capabilities::operand_layout(graph, of, o)) return {flaw::layout, i};
    }
  }
  return {};
}

}  // namespace v0
}  // namespace tenon

#pragma GCC diagnostic pop
