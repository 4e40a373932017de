// SPDX-License-Identifier: Apache-2.0
// The template arguments of predictors, trainers and plans, picked apart: loss, optimizer, backend, options.
#pragma once

#include <concepts>
#include <type_traits>

#include "tenon/backends/backend.hpp"
#include "tenon/graph/input.hpp"
#include "tenon/passes/pipeline.hpp"
#include "tenon/passes/retention_text.hpp"
#include "tenon/plan/memory_options.hpp"
#include "tenon/train/gradient_options.hpp"
#include "tenon/train/losses.hpp"
#include "tenon/train/optimizers.hpp"

namespace tenon {
inline namespace v0 {

/// A trainer's option: all gradients of the last step stay and can be asked for by name.
struct keep_gradients {};

/// The first of `Arguments` that has the given base, or `Default`.
template <class Base, class Default, class... Arguments>
struct pick {
  using type = Default;
};
template <class Base, class Default, class First, class... Rest>
struct pick<Base, Default, First, Rest...> {
  using type = typename std::conditional_t<std::is_base_of_v<Base, First>, std::type_identity<First>,
                                           pick<Base, Default, Rest...>>::type;
};

/// What can be wrong with what stands behind net and input.
enum class argument_fault {
  none,
  input,
  foreign,
  two_losses,
  two_optimizers,
  two_backends,
  no_loss,
  options_without_optimizer,
  memory_without_optimizer,
  memory_twice,
  option_twice
};

/// What stands behind net and input in the arguments of a plan. With a fault neither loss nor optimizer, so that
/// nothing follows from it: `check_arguments` says what it is.
template <class... Arguments>
struct plan_arguments {
  template <class Base>
  static constexpr int given = (0 + ... + int{std::is_base_of_v<Base, Arguments>});
  static constexpr bool keeps_gradients = (std::same_as<keep_gradients, Arguments> || ...);

  /// The bytes that the arena may take; 0: any.
  static constexpr std::int64_t memory_bytes = (std::int64_t{0} + ... + budget_in<Arguments>());
  /// What is kept and what is recomputed, as an argument says; none: empty.
  static constexpr std::string_view retentions = [] {
    std::string_view found;
    ((found = found.empty() ? retentions_in<Arguments>() : found), ...);
    return found;
  }();

  static constexpr argument_fault fault = [] {
    if (((input_list<Arguments>::type::list.size() > 0) || ...)) return argument_fault::input;
    const bool known =
        ((std::is_base_of_v<backend_base, Arguments> || std::is_base_of_v<loss_base, Arguments> ||
          std::is_base_of_v<optimizer_base, Arguments> || std::is_base_of_v<gradient_option_base, Arguments> ||
          std::is_base_of_v<memory_option_base, Arguments> || std::same_as<keep_gradients, Arguments>)&&...);
    if (!known) return argument_fault::foreign;
    if (given < loss_base >> 1) return argument_fault::two_losses;
    if (given < optimizer_base >> 1) return argument_fault::two_optimizers;
    if (given < backend_base >> 1) return argument_fault::two_backends;
    if (given<loss_base> < given<optimizer_base>) return argument_fault::no_loss;
    if (given<optimizer_base> == 0 && given < gradient_option_base >> 0)
      return argument_fault::options_without_optimizer;
    if (given<optimizer_base> == 0 && !retentions.empty()) return argument_fault::memory_without_optimizer;
    if (given < memory_option_base >> 1 + int{!retentions.empty() && memory_bytes > 0})
      return argument_fault::memory_twice;
    const bool once =
        ((!std::is_base_of_v<gradient_option_base, Arguments> || times_given<Arguments, Arguments...> == 1) && ...);
    if (!once) return argument_fault::option_twice;
    return argument_fault::none;
  }();
  static constexpr bool has_loss = fault == argument_fault::none && given<loss_base> == 1;
  static constexpr bool trains = has_loss && given<optimizer_base> == 1;  ///< with a loss alone a plan evaluates it

  using backend = typename pick<backend_base, backend::onednn, Arguments...>::type;
  using loss = std::conditional_t<has_loss, typename pick<loss_base, void, Arguments...>::type, void>;
  using optimizer = std::conditional_t<trains, typename pick<optimizer_base, void, Arguments...>::type, void>;

  /// How parameters are updated: as the optimizer says, and the options for gradients.
  static constexpr optimizer_rule rule() {
    optimizer_rule made = optimizer::rule();
    (apply<Arguments>(made), ...);
    return made;
  }

  /// What a step is to be, but for a budget's retentions.
  static constexpr training_options options() {
    training_options made = rule();
    if constexpr (!retentions.empty()) made.choose = read_given_retentions;
    return made;
  }

 private:
  static constexpr void read_given_retentions(const graph_view& laid_out, const graph_edits&,
                                              list<retention>& retained) {
    retained = retentions_of(laid_out, retentions).retained;
  }
  template <class Argument>
  static constexpr void apply(optimizer_rule& made) {
    if constexpr (std::is_base_of_v<gradient_option_base, Argument>) Argument::set(made);
  }
};

/// Stops the compiler if there is no input, or the arguments have a fault. Its type is asked for, not its value: what
/// has this type is then no error itself.
template <bool HasInput, argument_fault Fault>
constexpr auto check_arguments() {
  static_assert(HasInput,
                "behind the net stands its input: tenon::image<N, C, H, W>, tenon::volume<...>, tenon::inputs<...>");
  static_assert(!HasInput || Fault != argument_fault::input,
                "several inputs stand together: tenon::inputs<tenon::image<...>, ...>");
  static_assert(Fault != argument_fault::foreign,
                "behind net and input stand a loss, an optimizer, a backend and options, nothing else; options of a "
                "loss or an optimizer stand in its brackets, sgd<momentum<0.9>>");
  static_assert(Fault != argument_fault::two_losses, "one loss: several outputs take losses<...>");
  static_assert(Fault != argument_fault::two_optimizers, "one optimizer, not several");
  static_assert(Fault != argument_fault::two_backends, "one backend, not several");
  static_assert(
      Fault != argument_fault::no_loss,
      "an optimizer without a loss: a trainer takes both, cross_entropy<>, sgd<>; a predictor neither, or a loss");
  static_assert(Fault != argument_fault::options_without_optimizer,
                "accumulate, clip_norm and clip_value are options of a trainer, which has an optimizer");
  static_assert(Fault != argument_fault::memory_without_optimizer,
                "recompute is an option of a trainer, which has an optimizer: inference keeps nothing");
  static_assert(Fault != argument_fault::memory_twice, "memory_budget or recompute is given twice");
  static_assert(Fault != argument_fault::option_twice, "an option for gradients is given twice");
  return Fault;
}

}  // namespace v0
}  // namespace tenon
