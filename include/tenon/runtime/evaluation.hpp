// SPDX-License-Identifier: Apache-2.0
// evaluation: the loss of a batch without a step, as the network computes while predicting.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <tuple>

#include "tenon/plan/plan_of.hpp"
#include "tenon/runtime/batch.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/program_of.hpp"

namespace tenon {
inline namespace v0 {

/// Computes the losses of a plan that has some and no optimizer: norms by running statistics, no dropout.
template <class Program>
class evaluation {
 public:
  /// `plan` and `lowered`, the graph as it was described, must outlive it. With the parameters and the threads of
  /// `owner`, and its arena where that is large enough: between two calls nothing in an arena is kept but a predictor's
  /// outputs. Throws allocation_error, backend_error.
  template <class Owner>
  evaluation(const plan_view& plan, const graph_view& lowered, const executor<Owner>& owner)
      : lowered_(lowered),
        executor_(plan, owner.store(), owner.thread_count(), 0, owner.program().arena(), owner.told()) {}

  /// The losses of a batch. A loss that is not finite is given as it is. Throws shape_error, label_error.
  template <class Result>
  Result run(std::span<const given_tensor> given) {
    const step_batch tensors(lowered_, given);
    Result result;
    result.counted = tensors.check(result.losses);
    tensors.give_to(executor_);
    result.loss = executor_.run_forward();
    executor_.note_losses(result.losses);
    return result;
  }

 private:
  graph_view lowered_;
  executor<Program> executor_;
};

/// Evaluates a batch by a plan that is known while compiling. The evaluation is made when it is first wanted, and kept
/// in `store`.
template <class Plan, class Owner, class... Tensors>
auto evaluation_of(std::shared_ptr<void>& store, const executor<Owner>& owner, const Tensors&... given) {
  using kept = evaluation<typename program_of_plan<typename Plan::arguments::backend, Plan>::type>;
  if (store == nullptr) store = std::make_shared<kept>(Plan::view(), Plan::lowered::graph.view(), owner);
  const std::array<given_tensor, sizeof...(Tensors)> all{given_tensor(given)...};
  return static_cast<kept*>(store.get())->template run<typename step_tensors<Plan>::result>(all);
}

/// The signature of an evaluation.
template <class Owner, class Result, class... Tensors>
class evaluating {
 public:
  /// The loss of a batch, as a float or with more to it: see step_result. Takes the inputs in the order of the
  /// description, then one target a loss, as a trainer's step does. Nothing changes, but outputs that were given before
  /// are no longer valid. A loss of which no label counts is 0; one that is not finite is given as it is. The first
  /// call makes a plan of its own: of memory it takes `evaluation_plan::packed_bytes`, oneDNN's scratchpad, and an
  /// arena only if `evaluation_plan::arena_bytes` is more than the predictor's. Throws shape_error, label_error; the
  /// first call allocation_error and backend_error too.
  Result evaluate(const Tensors&... tensors) { return static_cast<Owner&>(*this).run_evaluation(tensors...); }
};

template <class Owner, class Result, class Tensors>
struct evaluating_of;
template <class Owner, class Result, class... Tensors>
struct evaluating_of<Owner, Result, std::tuple<Tensors...>> {
  using type = evaluating<Owner, Result, Tensors...>;
};

/// What a predictor is made of: its plan, and evaluate() if there is a loss.
template <const auto& Net, class Inputs, class... Arguments>
struct prediction {
  using plan = plan_of<Net, Inputs, Arguments...>;
  using evaluation_plan = void;
  /// Takes whatever it is given, so that the compiler prints nothing but what is wrong with the predictor.
  template <class Owner>
  struct evaluates {
    template <class... Given>
    float evaluate(const Given&...) {
      static_assert(plan_arguments<Arguments...>::has_loss,
                    "evaluate() gives a loss: add one behind the predictor's input, cross_entropy<>");
      return 0;
    }
  };
};
template <const auto& Net, class Inputs, class... Arguments>
requires(plan_arguments<Arguments...>::has_loss &&
         !plan_arguments<Arguments...>::trains) struct prediction<Net, Inputs, Arguments...> {
  using arguments = plan_arguments<Arguments...>;
  using plan = plan_of<Net, Inputs, typename arguments::backend>;
  using evaluation_plan = plan_of<Net, Inputs, typename arguments::loss, typename arguments::backend>;
  template <class Owner>
  using evaluates = typename evaluating_of<Owner, typename step_tensors<evaluation_plan>::result,
                                           typename step_tensors<evaluation_plan>::type>::type;
};

}  // namespace v0
}  // namespace tenon
