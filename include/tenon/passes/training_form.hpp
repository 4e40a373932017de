// SPDX-License-Identifier: Apache-2.0
// training_form: layers as they compute while training.
#pragma once

#include "tenon/graph/growing_graph.hpp"
#include "tenon/graph/operand_list.hpp"

namespace tenon {
inline namespace v0 {

/// Lets batch norms use their batch's statistics, and the running ones follow once the loss is known.
///
///     x, scale, shift, running mean, running variance -> batch_norm -> y
///     ... -> loss
///   =>
///     x, scale, shift -> batch_norm_training -> y, mean, variance
///     ... -> loss
///     mean, variance, running mean, running variance -> running_statistics
///
/// A norm over one value a channel stays as it is, and so does one whose running statistics follow no batch.
/// requires: the loss is the graph's last node, so that a loss that is not finite changes nothing
/// ensures: the graph computes what PyTorch does in training mode
/// cost: nodes + operands
constexpr growing_graph training_form(const graph_view& graph) {
  graph_copy copy(graph);
  struct pending {
    std::int32_t mean, variance, running_mean, running_variance;
    attributes attribute;
    range scope;
  };
  list<pending> followers;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) {
    const node& current = graph.node_at(i);
    std::int64_t values = 0;
    if (current.op == operation::batch_norm &&
        graph.node_at(graph.operand_value(current, role::mean).producer).attribute.trainable) {
      const shape& normalized = graph.operand_value(current, role::activation).extents;
      values = normalized.elements() / normalized.channels();
    }
    if (values <= 1) {
      copy.copy(current);
      continue;
    }
    operand_list operands(operation::batch_norm_training, current.attribute);
    for (const role is : {role::activation, role::scale, role::shift})
      operands.set(is, copy.renumber(graph.operand(current, is)));
    copy.to.append(operation::batch_norm_training, operands.view(), current.attribute, current.scope);
    const shape& extents = graph.result_value(current).extents;
    copy.renumber(current.results[0], copy.to.add_result(extents));
    const std::int32_t mean = copy.to.add_result(shape(extents.channels()));
    const std::int32_t variance = copy.to.add_result(shape(extents.channels()));
    const std::int32_t running_mean = copy.renumber(graph.operand(current, role::mean)),
                       running_variance = copy.renumber(graph.operand(current, role::variance));
    followers.push_back({mean, variance, running_mean, running_variance, current.attribute, current.scope});
    // PyTorch's running variance is unbiased: n / (n - 1) times the batch's.
    followers.back().attribute.scale = static_cast<double>(values) / static_cast<double>(values - 1);
  }
  for (const pending& follower : followers) {
    operand_list operands(operation::running_statistics, follower.attribute);
    operands.set(role::mean, follower.mean).set(role::variance, follower.variance);
    operands.set(role::running_mean, follower.running_mean).set(role::running_variance, follower.running_variance);
    copy.to.append(operation::running_statistics, operands.view(), follower.attribute, follower.scope);
  }
  copy.copy_outputs();
  return std::move(copy.to);
}

}  // namespace v0
}  // namespace tenon
