// SPDX-License-Identifier: Apache-2.0
// evaluation: the loss of a batch without a step, as the network computes while predicting.
#pragma once

#include <memory>
#include <tuple>

#include "tenon/plan/plan_of.hpp"
#include "tenon/runtime/batch.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/program_of.hpp"

namespace tenon {
inline namespace v0 {

/// Computes the losses of a plan that has some and no optimizer: norms by running statistics, no dropout.
template <class Plan>
class evaluation {
 public:
  using program_type = typename program_of_plan<typename Plan::arguments::backend, Plan>::type;

  /// With the parameters and the threads of `owner`, and its arena where that is large enough: between two calls
  /// nothing in an arena is kept but a predictor's outputs. Throws allocation_error, backend_error.
  template <class Program>
  explicit evaluation(const executor<Program>& owner)
      : executor_(Plan::view(), owner.store(), owner.thread_count(), 0, arena_of(owner)) {}

  /// The losses of a batch. A loss that is not finite is given as it is. Throws shape_error, label_error.
  template <class... Tensors>
  typename step_tensors<Plan>::result run(const Tensors&... given) {
    const std::tuple<const Tensors&...> all(given...);
    typename step_tensors<Plan>::result result = batch_tensors<Plan>::check(all);
    batch_tensors<Plan>::copy(all, executor_);
    result.loss = executor_.run_forward();
    batch_tensors<Plan>::note_losses(result, executor_);
    return result;
  }

  /// Runs it in `store`, which keeps it for the next time. It is made when it is first wanted.
  template <class Program, class... Tensors>
  static typename step_tensors<Plan>::result run_kept(std::shared_ptr<void>& store, const executor<Program>& owner,
                                                      const Tensors&... given) {
    if (store == nullptr) store = std::make_shared<evaluation>(owner);
    return static_cast<evaluation*>(store.get())->run(given...);
  }

 private:
  template <class Program>
  static std::byte* arena_of(const executor<Program>& owner) {
    return owner.plan().arena_bytes >= Plan::arena_bytes ? owner.spaces()[memory_space::arena] : nullptr;
  }

  executor<program_type> executor_;
};

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
  template <class Owner>
  struct evaluates {};
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
