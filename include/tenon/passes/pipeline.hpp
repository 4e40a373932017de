// SPDX-License-Identifier: Apache-2.0
// The recipe: which passes a network goes through for inference and for training, in their order.
#pragma once

#include <string_view>
#include <utility>

#include "tenon/passes/differentiate.hpp"
#include "tenon/passes/fold_norm.hpp"
#include "tenon/passes/fuse_activation.hpp"
#include "tenon/passes/fuse_sum.hpp"
#include "tenon/passes/lay_out.hpp"
#include "tenon/passes/recompute_activations.hpp"
#include "tenon/passes/remove_dead.hpp"
#include "tenon/passes/training_form.hpp"

namespace tenon {
inline namespace v0 {

/// From a lowered network to what runs, for inference. Each step takes the graph of the step before it; while compiling
/// each is a constant of its own, since compilers limit how much one may take.
///
///     fuse      what nobody needs goes; norms, sums and activations become part of the node before them
///     lay out   every value gets its layout, and reorders where a node wants another
///
/// requires: the lowered graph has no problem
template <class Capabilities>
struct inference_pipeline {
  static constexpr growing_graph fuse(const graph_view& lowered) {
    graph_edits edits = without_dead(lowered, true);  // dropouts go too
    if constexpr (Capabilities::folds_norm) fold_norm(edits);
    fuse_sum<Capabilities>(edits);         // behind fold_norm: the sum follows the norm
    fuse_activation<Capabilities>(edits);  // behind fuse_sum: the activation follows the sum
    return edits.applied();
  }
  static constexpr growing_graph lay_out(const graph_view& fused) { return tenon::lay_out<Capabilities>(fused); }
};

/// From a lowered network with its losses to a training step.
///
///     fuse            norms by the batch's statistics; sums and activations become part of the node before them
///     differentiate   the backward pass, and behind each parameter's gradient its update
///     recompute       what the backward pass can make again for next to nothing is not kept for it
///     lay out         every value gets its layout, and reorders where a node wants another
///
/// requires: the lowered graph has no problem; its first output is the loss
template <class Capabilities>
struct training_pipeline {
  static constexpr growing_graph fuse(const graph_view& lowered) {
    const growing_graph live = remove_dead(lowered), graph = training_form(live.view());
    graph_edits edits(graph.view());
    if constexpr (Capabilities::folds_norm) fold_frozen_norm(edits);
    fuse_sum<Capabilities>(edits);
    fuse_activation<Capabilities, true>(edits);
    return edits.applied();
  }
  static constexpr growing_graph differentiate(const graph_view& fused, const optimizer_rule& rule) {
    return tenon::differentiate(fused, rule);
  }
  static constexpr growing_graph recompute(const graph_view& differentiated) {
    return recompute_activations(differentiated, loss_node_of(differentiated), graph_edits::dead_code::goes);
  }
  static constexpr growing_graph lay_out(const graph_view& recomputed) {
    return tenon::lay_out<Capabilities>(recomputed);
  }
};

/// What looks at the graph after each step of a pipeline that runs at run time: called with the step's name and the
/// graph. This one does not look.
struct no_observer {
  constexpr void operator()(std::string_view, const graph_view&) const {}
};

/// All of the recipe for inference.
template <class Capabilities, class Observer = no_observer>
constexpr growing_graph compile_for_inference(const graph_view& lowered, const Observer& observe = {}) {
  using steps = inference_pipeline<Capabilities>;
  observe("lower", lowered);
  growing_graph graph = steps::fuse(lowered);
  observe("fuse", graph.view());
  graph = steps::lay_out(graph.view());
  observe("lay_out", graph.view());
  return graph;
}

/// All of the recipe for training.
template <class Capabilities, class Observer = no_observer>
constexpr growing_graph compile_for_training(const graph_view& lowered, const optimizer_rule& rule,
                                             const Observer& observe = {}) {
  using steps = training_pipeline<Capabilities>;
  observe("lower", lowered);
  growing_graph graph = steps::fuse(lowered);
  observe("fuse", graph.view());
  graph = steps::differentiate(graph.view(), rule);
  observe("differentiate", graph.view());
  graph = steps::recompute(graph.view());
  observe("recompute", graph.view());
  graph = steps::lay_out(graph.view());
  observe("lay_out", graph.view());
  return graph;
}

}  // namespace v0
}  // namespace tenon
