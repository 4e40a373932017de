// SPDX-License-Identifier: Apache-2.0
// trainer: a network compiled for training.
#pragma once

#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "tenon/core/finite.hpp"
#include "tenon/plan/plan_of.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/parameters.hpp"
#include "tenon/runtime/program_of.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

/// What may change from step to step.
struct step_options {
  float learning_rate = 0.01f;
};

/// What the random numbers of dropouts follow from, with the step: the same seed gives the same steps.
struct dropout_seed {
  std::uint64_t value = 0;
};

/// The signature of a trainer's step: its tensors, then options, so that these may be written
/// {.learning_rate = 0.05f}.
template <class Trainer, class... Tensors>
class training_step {
 public:
  /// One step: forward, loss, backward, updates. Takes the inputs in the order of the description, then one target a
  /// loss: class labels (label_view: uint8, int32 or int64, (N, [D,] H, W)) for a cross entropy, floats of the output's
  /// shape for a mean square. Gives the loss before the update. Throws shape_error, label_error for a label outside the
  /// classes, numeric_error for a loss or a learning rate that is not finite; parameters and running statistics are
  /// then as they were before.
  float step(const Tensors&... tensors, const step_options& options = {}) {
    return static_cast<Trainer&>(*this).run_step(options, tensors...);
  }
};

template <class Trainer, class Tensors>
struct training_step_of;
template <class Trainer, class... Tensors>
struct training_step_of<Trainer, std::tuple<Tensors...>> {
  using type = training_step<Trainer, Tensors...>;
};

/// The tensors a step takes: inputs, then targets.
template <class Plan>
struct step_tensors {
  static constexpr auto targets = [] {
    constexpr std::size_t count = [] {
      std::size_t sum = 0;
      for (const node& current : Plan::lowered::graph.nodes) sum += current.op == operation::target ? 1 : 0;
      return sum;
    }();
    std::array<value, count> list{};
    for (const node& current : Plan::lowered::graph.nodes) {
      if (current.op != operation::target) continue;
      list[static_cast<std::size_t>(current.attribute.index)] = Plan::lowered::graph.view().result_value(current);
    }
    return list;
  }();
  static constexpr auto& inputs = Plan::input_types::list;

  template <std::size_t I>
  static auto target() {
    constexpr value described = targets[I];
    if constexpr (described.type == element_type::int32) {
      return static_cast<label_view<described.extents.rank>*>(nullptr);
    } else {
      return static_cast<tensor_view<const float, described.extents.rank>*>(nullptr);
    }
  }
  template <std::size_t... I, std::size_t... T>
  static auto make(std::index_sequence<I...>, std::index_sequence<T...>)
      -> std::tuple<tensor_view<const float, inputs[I].rank>..., std::remove_pointer_t<decltype(target<T>())>...>;

  using type = decltype(make(std::make_index_sequence<inputs.size()>(), std::make_index_sequence<targets.size()>()));
};

/// A network compiled for training on batches of one size: forward, loss, backward and updates are one plan.
///
///     using teacher = tenon::trainer<small_unet<11>, tenon::image<4, 3, 360, 480>,
///                                    tenon::cross_entropy<tenon::ignore<11>>,
///                                    tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>>;
///     teacher t{tenon::initialize(42)};
///     float loss = t.step(pictures, labels, {.learning_rate = 0.05f});
///
/// Behind the optimizer may stand a backend and keep_gradients. Movable, not copyable; one thread at a time may use it.
template <const auto& Net, network_inputs Inputs, class... Arguments>
class trainer : public plan_of<Net, Inputs, Arguments...>,
                public training_step_of<trainer<Net, Inputs, Arguments...>,
                                        typename step_tensors<plan_of<Net, Inputs, Arguments...>>::type>::type {
 public:
  using plan_type = plan_of<Net, Inputs, Arguments...>;
  static_assert(plan_type::trains, "a trainer needs a loss and an optimizer");
  using program_type = typename program_of_plan<typename plan_type::arguments::backend, plan_type>::type;

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
  tenon::parameters<Net> parameters() const { return tenon::parameters<Net>(executor_.store()); }
  parameter_view parameter(std::string_view name) const { return executor_.store()->find(name); }
  /// Replaces all weights or none; momentum stays.
  void load(const std::string& path) { executor_.store()->load(path); }
  /// Replaces the weights that the file has, or none, and says which: net.load(path, {.skip = {"fc"}}); see partial.
  load_report load(const std::string& path, const partial& how) { return load_partly(*executor_.store(), path, how); }
  void save(const std::string& path) const { executor_.store()->save(path); }

  /// The last step's gradient of a parameter, as PyTorch's .grad: without weight decay. Needs the option
  /// tenon::keep_gradients. Throws weight_error for an unknown name, and for a frozen parameter, which has none.
  parameter_view gradient(std::string_view name) const {
    static_assert(plan_type::arguments::keeps_gradients,
                  "gradient() needs the trainer's option tenon::keep_gradients: without it gradients are not kept");
    const auto* values = reinterpret_cast<const float*>(executor_.spaces()[memory_space::gradient]);
    for (const parameter_description& entry : plan_type::parameter_list) {
      if (!entry.trainable && entry.name == name) parameter_store::throw_frozen(name);
      if (!entry.trainable) continue;
      const auto count = static_cast<std::size_t>(entry.extents.elements());
      if (entry.name == name) return {{values, count}, entry.extents};
      values += count;
    }
    parameter_store::throw_unknown(name);
  }

  /// The plan with its memory and its program.
  const executor<program_type>& execution() const { return executor_; }

 private:
  template <class, class...>
  friend class training_step;
  using tensors = step_tensors<plan_type>;

  trainer(std::shared_ptr<parameter_store> store, threads count, dropout_seed seed)
      : executor_(plan_type::view(), std::move(store), count, seed.value) {}

  static constexpr parameter_table table() { return {plan_type::parameter_list, plan_type::buffer_list}; }

  template <class... Tensors>
  float run_step(const step_options& options, const Tensors&... given) {
    if (!is_finite(options.learning_rate) || options.learning_rate < 0) {
      const std::string rate = std::to_string(options.learning_rate);
      throw numeric_error("the learning rate is " + rate + ", expected a finite number, 0 or more", "learning rate",
                          "0 or more", rate);
    }
    const std::tuple<const Tensors&...> all(given...);
    check_and_copy(all, std::make_index_sequence<tensors::inputs.size()>(),
                   std::make_index_sequence<tensors::targets.size()>());
    const float loss = executor_.run_forward();
    if (!is_finite(loss)) {
      const std::string found = is_nan(loss) ? "nan" : std::to_string(loss);  // a NaN's sign means nothing
      throw numeric_error("the loss is not finite: " + found, "loss", "a finite number", found);
    }
    executor_.run_backward(options.learning_rate);
    return loss;
  }

  template <class All, std::size_t... I, std::size_t... T>
  void check_and_copy(const All& all, std::index_sequence<I...>, std::index_sequence<T...>) {
    constexpr std::size_t first_target = sizeof...(I);
    (check_extents(std::get<I>(all).extents(), tensors::inputs[I], "input", static_cast<std::int32_t>(I)), ...);
    (check_extents(std::get<first_target + T>(all).extents(), tensors::targets[T].extents, "target",
                   static_cast<std::int32_t>(T)),
     ...);
    (check_target(std::get<first_target + T>(all), static_cast<std::int32_t>(T)), ...);
    (copy(std::get<I>(all), operation::input, static_cast<std::int32_t>(I)), ...);
    (copy(std::get<first_target + T>(all), operation::target, static_cast<std::int32_t>(T)), ...);
  }

  template <int Rank>
  void check_target(const tensor_view<const float, Rank>&, std::int32_t) const {}

  template <int Rank>
  void check_target(const label_view<Rank>& labels, std::int32_t index) const {
    const graph_view graph = plan_type::lowered::graph.view();
    for (const node& current : graph.nodes) {
      if (current.op != operation::cross_entropy) continue;
      const value& target = graph.operand_value(current, 1);
      if (graph.node_at(target.producer).attribute.index != index) continue;
      check_labels(labels, target.extents.elements(), graph.operand_value(current, 0).extents.channels(),
                   current.attribute);
    }
  }

  template <int Rank>
  void copy(const tensor_view<const float, Rank>& from, operation kind, std::int32_t index) {
    std::byte* to = executor_.input(kind, index);
    if (to != nullptr) std::memcpy(to, from.data(), static_cast<std::size_t>(from.size()) * sizeof(float));
  }

  template <int Rank>
  void copy(const label_view<Rank>& from, operation kind, std::int32_t index) {
    auto* to = reinterpret_cast<std::int32_t*>(executor_.input(kind, index));
    const std::int64_t count = tensors::targets[static_cast<std::size_t>(index)].extents.elements();
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<std::int32_t>(from[i]);
  }

  executor<program_type> executor_;
};

}  // namespace v0
}  // namespace tenon
