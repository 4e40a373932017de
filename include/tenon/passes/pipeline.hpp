// SPDX-License-Identifier: Apache-2.0
// The recipe: which passes a network goes through for inference and for training, in their order.
#pragma once

#include <string_view>
#include <utility>

#include "tenon/passes/differentiate.hpp"
#include "tenon/passes/fold_norm.hpp"
#include "tenon/passes/fuse_activation.hpp"
#include "tenon/passes/fuse_resize.hpp"
#include "tenon/passes/fuse_sum.hpp"
#include "tenon/passes/lay_out.hpp"
#include "tenon/passes/recompute.hpp"
#include "tenon/passes/remove_dead.hpp"
#include "tenon/passes/training_form.hpp"

namespace tenon {
inline namespace v0 {

/// What a training step is to be.
struct training_options {
  optimizer_rule rule;
  /// Chooses what of a laid-out graph is kept for the backward pass, one retention a node; nullptr: as
  /// default_retentions says.
  void (*choose)(const graph_view& laid_out, const graph_edits& live, list<retention>& retained) = nullptr;

  constexpr training_options() = default;
  constexpr training_options(const optimizer_rule& how)
      : rule(how) {}  // NOLINT: implicit, a rule says all that is usual
};

/// One step of a recipe: from the graph of the step before it to its own.
struct compile_step {
  std::string_view name;
  growing_graph (*apply)(const graph_view&, const training_options&);
};

/// From a lowered network to what runs, for inference.
///
///     fuse      what nobody needs goes; norms, sums and activations become part of the node before them
///     lay out   every value gets its layout, and reorders where a node wants another
///
/// requires: the lowered graph has no problem
template <class Capabilities>
struct inference_pipeline {
  static constexpr growing_graph fuse(const graph_view& lowered, const training_options& = {}) {
    graph_edits edits = without_dead(lowered, true);  // dropouts go too
    if constexpr (Capabilities::folds_norm) fold_norm(edits);
    fuse_sum<Capabilities>(edits);         // behind fold_norm: the sum follows the norm
    fuse_activation<Capabilities>(edits);  // behind fuse_sum: the activation follows the sum
    fuse_resize<Capabilities>(edits);
    return edits.applied();
  }
  static constexpr growing_graph lay_out(const graph_view& fused, const training_options& = {}) {
    return tenon::lay_out<Capabilities>(fused);
  }

  static constexpr std::size_t step_count = 2;
  static constexpr compile_step steps[step_count] = {{"fuse", fuse}, {"lay_out", lay_out}};
};

/// From a lowered network with its losses to a training step.
///
///     fuse            norms by the batch's statistics; sums and activations become part of the node before them
///     differentiate   the backward pass, and behind each parameter's gradient its update
///     lay out         every value gets its layout, and reorders where a node wants another
///     recompute       what the backward pass can recompute for little is not kept for it, or what a budget says
///
/// requires: the lowered graph has no problem; its first output is the loss
template <class Capabilities>
struct training_pipeline {
  static constexpr growing_graph fuse(const graph_view& lowered, const training_options& = {}) {
    const growing_graph live = remove_dead(lowered), graph = training_form(live.view());
    graph_edits edits(graph.view());
    if constexpr (Capabilities::folds_norm) fold_frozen_norm(edits);
    fuse_sum<Capabilities>(edits);
    fuse_activation<Capabilities, true>(edits);
    fuse_resize<Capabilities>(edits);
    return edits.applied();
  }
  static constexpr growing_graph differentiate(const graph_view& fused, const training_options& options) {
    return tenon::differentiate(fused, options.rule);
  }
  static constexpr growing_graph lay_out(const graph_view& differentiated, const training_options& = {}) {
    return tenon::lay_out<Capabilities>(differentiated);
  }
  static constexpr growing_graph recompute(const graph_view& laid_out, const training_options& options = {}) {
    const graph_edits live(laid_out, graph_edits::dead_code::goes);
    list<retention> retained;
    if (options.choose != nullptr) {
      options.choose(laid_out, live, retained);
    } else {
      retained = default_retentions(laid_out, live);
    }
    return recomputer(laid_out, live, retained).run();
  }

  static constexpr std::size_t step_count = 4;
  static constexpr compile_step steps[step_count] = {
      {"fuse", fuse}, {"differentiate", differentiate}, {"lay_out", lay_out}, {"recompute", recompute}};
};

/// What looks at the graph after each step of a pipeline that runs at run time: called with the step's name and the
/// graph. This one does not look.
struct no_observer {
  constexpr void operator()(std::string_view, const graph_view&) const {}
};

/// The first so many steps of a recipe, one after the other.
template <class Pipeline, class Observer = no_observer>
constexpr growing_graph compile_until(std::size_t steps, const graph_view& lowered,
                                      const training_options& options = {}, const Observer& observe = {}) {
  observe("lower", lowered);
  growing_graph graph;
  graph_view latest = lowered;
  for (std::size_t i = 0; i < steps; ++i) {
    graph = Pipeline::steps[i].apply(latest, options);
    latest = graph.view();
    observe(Pipeline::steps[i].name, latest);
  }
  return graph;
}

/// All of them.
template <class Pipeline, class Observer = no_observer>
constexpr growing_graph compile(const graph_view& lowered, const training_options& options = {},
                                const Observer& observe = {}) {
  return compile_until<Pipeline>(Pipeline::step_count, lowered, options, observe);
}

}  // namespace v0
}  // namespace tenon
