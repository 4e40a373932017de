// SPDX-License-Identifier: Apache-2.0
// dynamic_trainer: a network compiled for training while the program runs, for sizes known only then.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "tenon/runtime/dynamic_network.hpp"
#include "tenon/runtime/evaluation.hpp"
#include "tenon/runtime/program_of.hpp"
#include "tenon/runtime/training_session.hpp"

namespace tenon {
inline namespace v0 {

/// A network compiled for training on batches of one size that is known only while the program runs. It does what
/// trainer does, by the same code, and gives the same bits.
///
///     tenon::dynamic_trainer<small_unet<11>, tenon::cross_entropy<>, tenon::sgd<tenon::momentum<0.9>>> t{
///         tenon::shape(batch, 3, height, width), tenon::initialize(42)};
///     float loss = t.step(pictures, labels, {.learning_rate = 0.05f});
///
/// Construction checks, differentiates and plans the network; what is a compile error of a trainer is a shape_error
/// here. Behind the optimizer stand a trainer's options: a backend, keep_gradients, accumulate<N>, clip_norm<>,
/// clip_value<>, memory_budget<>. One thread at a time may use it, many may share parameters. Movable, not copyable.
template <const auto& Net, class Loss, class Optimizer, class... Arguments>
class TENON_SEPARATE_TAG dynamic_trainer
    : public training_session<
          typename program_of<typename plan_arguments<Loss, Optimizer, Arguments...>::backend, true>::type> {
  using arguments = plan_arguments<Loss, Optimizer, Arguments...>;
  using checked_arguments = decltype(check_arguments<true, arguments::fault>());
  static_assert(arguments::retentions.empty(),
                "recompute is of a network of known size: a dynamic_trainer takes memory_budget, and searches itself");
  static_assert(arguments::trains, "behind the net stand its loss and an optimizer: cross_entropy<>, sgd<>");
  using session = training_session<typename program_of<typename arguments::backend, true>::type>;
  using plan_type = run_time_plan<typename arguments::backend::capabilities>;
  static constexpr std::size_t loss_count = loss_list<Loss>::type::count;

 public:
  /// The loss of a step or an evaluation, and each loss by itself.
  using result = step_result<loss_count>;

  /// For one input: (N, C, H, W) or (N, C, D, H, W). Throws shape_error for a size that the network does not fit, and
  /// allocation_error, before anything is read or allocated, if total_bytes() would exceed physical memory, the control
  /// group's limit or RLIMIT_AS; then file_error, format_error, weight_error, allocation_error, backend_error.
  template <weights_of<Net> Weights>
  explicit dynamic_trainer(const shape& input, const Weights& weights, threads count = {}, dropout_seed seed = {})
      : dynamic_trainer(std::array{input}, weights, count, seed) {}

  /// For an input of a tensor_view's extents.
  template <std::size_t Rank, weights_of<Net> Weights>
  explicit dynamic_trainer(const std::array<std::int64_t, Rank>& input, const Weights& weights, threads count = {},
                           dropout_seed seed = {})
      : dynamic_trainer(shape_of_extents(input), weights, count, seed) {}

  /// For several inputs, in the order of the description's parameters.
  template <std::size_t Inputs, weights_of<Net> Weights>
  explicit dynamic_trainer(const std::array<shape, Inputs>& inputs, const Weights& weights, threads count = {},
                           dropout_seed seed = {})
      : dynamic_trainer(std::make_unique<plan_type>(compile(inputs)), weights, count, seed_of(weights, seed)) {}

  /// One step: inputs in the order of the description, then one target a loss, then options; see trainer. Throws what a
  /// trainer's step throws.
  template <class First, class Second>
  result step(const First& first, const Second& second, const step_options& options = {}) {
    return step_of(options, first, second);
  }
  template <class First, class Second, class Third>
  result step(const First& first, const Second& second, const Third& third, const step_options& options = {}) {
    return step_of(options, first, second, third);
  }
  template <class First, class Second, class Third, class Fourth>
  result step(const First& first, const Second& second, const Third& third, const Fourth& fourth,
              const step_options& options = {}) {
    return step_of(options, first, second, third, fourth);
  }

  /// The loss of a batch with the parameters as they are, and no step; see trainer. The first call makes a plan.
  template <class... Tensors>
  result evaluate(const Tensors&... tensors) {
    if (evaluation_ == nullptr) evaluation_ = std::make_unique<kept_evaluation>(*plan_, session::execution());
    const std::array<given_tensor, sizeof...(Tensors)> all{given(tensors)...};
    check_count(all.size());
    return evaluation_->run.template run<result>(all);
  }

  /// The last step's gradient of a parameter; see trainer.
  parameter_view gradient(std::string_view name) const {
    static_assert(arguments::keeps_gradients,
                  "gradient() needs the trainer's option tenon::keep_gradients: without it gradients are not kept");
    return session::kept_gradient(name);
  }

  /// The parameters, to be shared with predictors.
  tenon::parameters<Net> parameters() const { return tenon::parameters<Net>(session::execution().store()); }

  // What trainer has as constants; sizes are in bytes.

  std::int64_t parameter_count() const { return plan_->parameter_count(); }
  std::int64_t macs() const { return plan_->macs(); }
  std::int64_t recomputed_macs() const { return plan_->recomputed_macs(); }
  std::int64_t arena_bytes() const { return plan_->view().arena_bytes; }
  std::int64_t packed_bytes() const { return plan_->view().packed_bytes; }
  std::int64_t gradient_bytes() const { return plan_->view().gradient_bytes; }
  std::int64_t optimizer_bytes() const { return plan_->view().optimizer_bytes; }
  std::int64_t total_bytes() const { return plan_->total_bytes(); }

 private:
  /// The plan that evaluate() runs.
  struct kept_evaluation {
    plan_type plan;
    evaluation<typename program_of<typename arguments::backend, true>::type> run;

    kept_evaluation(const plan_type& trained, const executor<typename session::program_type>& owner)
        : plan(trained.copy_of_lowered(), true), run(plan.view(), plan.lowered(), owner) {}
  };

  template <class Weights>
  dynamic_trainer(std::unique_ptr<plan_type> plan, const Weights& weights, threads count, dropout_seed seed)
      : session(plan->view(), store_for(plan->lowered(), weights), count, seed), plan_(std::move(plan)) {}

  /// Dropouts follow from the seed of random weights, as a trainer's do.
  static dropout_seed seed_of(const initialization& how, dropout_seed) { return {how.seed}; }
  static dropout_seed seed_of(const partial_weight_file& from, dropout_seed) { return {from.rest.seed}; }
  template <class Weights>
  static dropout_seed seed_of(const Weights&, dropout_seed given) {
    return given;
  }

  template <std::size_t Inputs>
  static plan_type compile(const std::array<shape, Inputs>& inputs) {
    const memory_limit limit = find_memory_limit();
    plan_type plan(lower_checked<Net, Loss>(inputs, limit), arguments::options(), arguments::keeps_gradients,
                   arguments::memory_bytes);
    check_network(plan.view().graph, inputs);  // what cannot be differentiated
    check_budget(plan.view().arena_bytes, arguments::memory_bytes);
    check_memory(plan.total_bytes(), "training the network with inputs of " + text_of_shapes(inputs), limit);
    return plan;
  }

  template <class View>
  static auto given(const View& view) {
    constexpr bool is_view = requires {
      typename View::value_type;
      View::rank;
    };
    static_assert(is_view,
                  "inputs and targets are tensor_views: tensor_view(pictures, N, C, H, W), "
                  "tensor_view(labels, N, H, W)");
    if constexpr (!is_view) {
      return given_tensor(tensor_view<const float, 4>());
    } else if constexpr (std::is_same_v<typename View::value_type, float>) {
      return given_tensor(tensor_view<const float, View::rank>(view));
    } else {
      return given_tensor(label_view<View::rank>(view));
    }
  }

  template <class... Tensors>
  result step_of(const step_options& options, const Tensors&... tensors) {
    const std::array<given_tensor, sizeof...(Tensors)> all{given(tensors)...};
    check_count(all.size());
    return session::template run_step<result>(plan_->lowered(), all, options);
  }

  void check_count(std::size_t found) const {
    std::size_t wanted = 0;
    for (const node& each : plan_->lowered().nodes)
      wanted += each.op == operation::input || each.op == operation::target ? 1U : 0U;
    if (found == wanted) return;
    throw shape_error(joined({"a step takes ", std::to_string(wanted), " tensors, inputs and then targets, ",
                              std::to_string(found), " were given"}),
                      "tensors", std::to_string(wanted), std::to_string(found));
  }

  std::unique_ptr<plan_type> plan_;
  std::unique_ptr<kept_evaluation> evaluation_;
};

}  // namespace v0
}  // namespace tenon
