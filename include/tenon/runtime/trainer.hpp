// SPDX-License-Identifier: Apache-2.0
// trainer: a network compiled for training.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "tenon/plan/plan_of.hpp"
#include "tenon/runtime/batch.hpp"
#include "tenon/runtime/evaluation.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/parameters.hpp"
#include "tenon/runtime/program_of.hpp"
#include "tenon/runtime/training_session.hpp"

namespace tenon {
inline namespace v0 {

/// The signatures of a trainer's step and evaluation: its tensors, then options, so that these may be written
/// {.learning_rate = 0.05f}.
template <class Trainer, class Result, class... Tensors>
class training_step {
 public:
  /// One step: forward, loss, backward, updates. Takes the inputs in the order of the description, then one target a
  /// loss: class labels (label_view: uint8, int32 or int64, (N, [D,] H, W)) for a cross entropy, floats of the output's
  /// shape for a mean square; each a tensor_view.
  ///
  /// Gives the loss before the update, as a float or with more to it: see step_result. A loss of which no label counts
  /// is 0, and so is its gradient; where nothing counts at all the step changes nothing, and kept gradients are 0;
  /// if with accumulate<N> it is the N-th, it updates by the gradients of those before it.
  ///
  /// Throws shape_error, label_error for a label outside the classes, numeric_error for an input, a loss, a batch's
  /// mean or variance that running statistics follow, or a learning rate that is not finite: everything is then as it
  /// was before. A gradient that is not finite is a numeric_error too, with the parameter's name; that parameter is as
  /// it was, and so are those whose updates were to follow. Updates are made during the backward pass, from the outputs
  /// to the inputs: those made before, the running statistics and the step's number stay.
  Result step(const Tensors&... tensors, const step_options& options = {}) {
    return static_cast<Trainer&>(*this).run_step(options, tensors...);
  }

  /// The loss of a batch with the parameters as they are, and no step: norms by their running statistics, no dropout,
  /// nothing changes. Takes what a step takes. A loss that is not finite is given as it is. The first call makes a plan
  /// of its own: of memory it takes `evaluation_plan::packed_bytes`, oneDNN's scratchpad, and an arena only if
  /// `evaluation_plan::arena_bytes` is more than the trainer's; a program that never calls it compiles none of it.
  /// Throws shape_error, label_error; the first call allocation_error and backend_error too.
  Result evaluate(const Tensors&... tensors) { return static_cast<Trainer&>(*this).run_evaluation(tensors...); }
};

template <class Trainer, class Result, class Tensors>
struct training_step_for;
template <class Trainer, class Result, class... Tensors>
struct training_step_for<Trainer, Result, std::tuple<Tensors...>> {
  using type = training_step<Trainer, Result, Tensors...>;
};

/// The step of a trainer that is wrong, never defined: it takes whatever it is given, so that the compiler prints
/// nothing but what is wrong with the trainer.
struct step_of_anything {
  template <class First>
  float step(const First& first, const step_options& options = {});
  template <class First, class Second>
  float step(const First& first, const Second& second, const step_options& options = {});
  template <class First, class Second, class Third>
  float step(const First& first, const Second& second, const Third& third, const step_options& options = {});
  template <class... Given>
  float evaluate(const Given&... given);
};

/// What has a trainer's step.
template <class Trainer, class Plan,
          bool IsRight = Plan::trains && !Plan::input_types::list.empty() && !Plan::lowered::graph.problem>
struct training_step_of {
  using type = step_of_anything;
};
template <class Trainer, class Plan>
struct training_step_of<Trainer, Plan, true>
    : training_step_for<Trainer, typename step_tensors<Plan>::result, typename step_tensors<Plan>::type> {};

/// A network compiled for training on batches of one size: forward, loss, backward and updates are one plan.
///
///     using teacher = tenon::trainer<small_unet<11>, tenon::image<4, 3, 360, 480>,
///                                    tenon::cross_entropy<tenon::ignore<11>>,
///                                    tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>>;
///     teacher t{tenon::initialize(42)};
///     float loss = t.step(pictures, labels, {.learning_rate = 0.05f});
///
/// Behind the optimizer may stand a backend, keep_gradients, accumulate<N>, clip_norm<>, clip_value<>,
/// memory_budget<> and recompute<>. Movable, not copyable; one thread at a time may use it.
template <const auto& Net, class Inputs, class... Arguments>
class TENON_SEPARATE_TAG trainer
    : public plan_of<Net, Inputs, Arguments...>,
      public training_step_of<trainer<Net, Inputs, Arguments...>, plan_of<Net, Inputs, Arguments...>>::type,
      public training_session<typename program_of_plan<typename plan_of<Net, Inputs, Arguments...>::arguments::backend,
                                                       plan_of<Net, Inputs, Arguments...>>::type> {
  using session =
      training_session<typename program_of_plan<typename plan_of<Net, Inputs, Arguments...>::arguments::backend,
                                                plan_of<Net, Inputs, Arguments...>>::type>;

 public:
  using plan_type = plan_of<Net, Inputs, Arguments...>;
  static_assert(plan_type::trains || !plan_type::arguments::has_loss,
                "a loss without an optimizer: a trainer takes both, cross_entropy<>, sgd<>");
  static_assert(plan_type::arguments::has_loss || plan_type::arguments::fault != argument_fault::none,
                "a trainer needs a loss and an optimizer");
  /// What evaluate() runs.
  using evaluation_plan =
      plan_of<Net, Inputs, typename plan_type::arguments::loss, typename plan_type::arguments::backend>;

  /// Random first weights; dropouts follow from the same seed. Throws allocation_error, backend_error.
  explicit trainer(const initialization& how, threads count = {})
      : trainer(make_store(table(), how), count, dropout_seed{how.seed}) {}
  /// Weights from a file. Throws file_error, format_error, weight_error too.
  explicit trainer(const weight_file& from, threads count = {}, dropout_seed seed = {})
      : trainer(make_store(table(), from), count, seed) {}
  /// The weights that a file has, random ones for the others; see partial. Dropouts follow from the same seed.
  explicit trainer(const partial_weight_file& from, threads count = {})
      : trainer(make_store(table(), from), count, dropout_seed{from.rest.seed}) {}
  /// Weights shared with another trainer or predictor.
  explicit trainer(const tenon::parameters<Net>& shared, threads count = {}, dropout_seed seed = {})
      : trainer(share_store(table(), shared.store()), count, seed) {}

  /// The parameters, to be shared with predictors.
  tenon::parameters<Net> parameters() const { return tenon::parameters<Net>(session::execution().store()); }
  /// The last step's gradient of a parameter, as PyTorch's .grad: without weight decay. Needs the option
  /// tenon::keep_gradients. Throws weight_error for an unknown name, and for a frozen parameter, which has none.
  parameter_view gradient(std::string_view name) const {
    static_assert(plan_type::arguments::keeps_gradients,
                  "gradient() needs the trainer's option tenon::keep_gradients: without it gradients are not kept");
    return session::kept_gradient(name);
  }

 private:
  template <class, class, class...>
  friend class training_step;

  trainer(std::shared_ptr<parameter_store> store, threads count, dropout_seed seed)
      : session(plan_type::view(), std::move(store), count, seed) {}

  static constexpr parameter_table table() { return {plan_type::parameter_list, plan_type::buffer_list}; }

  template <class... Tensors>
  auto run_step(const step_options& options, const Tensors&... given) {
    const std::array<given_tensor, sizeof...(Tensors)> all{given_tensor(given)...};
    return session::template run_step<typename step_tensors<plan_type>::result>(plan_type::lowered::graph.view(), all,
                                                                                options);
  }

  template <class... Tensors>
  auto run_evaluation(const Tensors&... given) {
    return evaluation_of<evaluation_plan>(evaluation_, session::execution(), given...);
  }

  std::shared_ptr<void> evaluation_;  ///< made when first asked for
};

}  // namespace v0
}  // namespace tenon
