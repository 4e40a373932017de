// SPDX-License-Identifier: Apache-2.0
// The template arguments of predictors, trainers and plans, picked apart: loss, optimizer, backend, options.
#pragma once

#include <concepts>
#include <type_traits>

#include "tenon/backends/backend.hpp"
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

/// What stands behind net and input in the arguments of a plan.
template <class... Arguments>
struct plan_arguments {
  using backend = typename pick<backend_base, backend::onednn, Arguments...>::type;
  using loss = typename pick<loss_base, void, Arguments...>::type;
  using optimizer = typename pick<optimizer_base, void, Arguments...>::type;
  static constexpr bool keeps_gradients = (std::same_as<keep_gradients, Arguments> || ...);
  static constexpr bool has_loss = !std::is_void_v<loss>;
  static constexpr bool trains = !std::is_void_v<optimizer>;  ///< with a loss alone a plan evaluates it
  template <class Base>
  static constexpr int given = (0 + ... + int{std::is_base_of_v<Base, Arguments>});

  static_assert(((std::is_base_of_v<backend_base, Arguments> || std::is_base_of_v<loss_base, Arguments> ||
                  std::is_base_of_v<optimizer_base, Arguments> || std::same_as<keep_gradients, Arguments>)&&...),
                "behind net and input stand a loss, an optimizer, a backend and options, nothing else");
  static_assert(has_loss || !trains, "an optimizer needs a loss");
  static_assert(given<loss_base> <= 1, "one loss: several outputs take losses<...>");
  static_assert(given<optimizer_base> <= 1 && given<backend_base> <= 1, "one optimizer, and one backend");
};

}  // namespace v0
}  // namespace tenon
