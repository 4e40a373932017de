// SPDX-License-Identifier: Apache-2.0
// share, frozen, learning_rate_factor: whose parameters a part uses, and how they are trained.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "tenon/core/compiler.hpp"
#include "tenon/core/real.hpp"
#include "tenon/layers/layer.hpp"
#include "tenon/layers/options.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// One object for each type of part.
template <class Part>
inline constexpr char part_object = 0;

/// An address that tells parts apart by their types; where the compiler does not compare addresses, by their types'
/// names, which only lambdas that differ in the template arguments around them have in common.
template <class Part>
constexpr const void* part_identity() {
  if (std::is_constant_evaluated() && !TENON_IS_CONSTANT(&part_object<Part> == &part_object<void>))
    return __PRETTY_FUNCTION__;
  return &part_object<Part>;
}

/// A part whose calls all use one set of parameters; see `share`.
template <text Name, class Part>
struct shared_part : part_with_name<shared_part<Name, Part>, Name, Part> {
  using part_with_name<shared_part, Name, Part>::part_with_name;

  constexpr void enter(builder& to) const { to.enter_shared(Name.view(), part_identity<Part>()); }
};

/// A layer, chain or lambda that may be called several times and has its parameters and running statistics once, by its
/// name: `auto head = share<"head">(conv2d<8>{}); return std::tuple{head(fine), head(coarse)};` has "head.weight" and
/// "head.bias". The extents of pictures may differ from call to call, those of parameters may not.
///
/// As in PyTorch when a module is called twice: a parameter's gradient is the sum over all calls, and running
/// statistics follow each call's batch, one after the other. The name counts in the scope of the call, so what is
/// called inside two named parts is shared in each of them, not between them. The first call decides whether the
/// parameters are frozen. A call whose result nobody uses is not made: its batch moves no statistics.
/// problems: shared_shape_differs; name_used_twice, if two different parts have the name
/// example: share<"head">(conv2d<8>{})
template <text Name, class Part>
constexpr shared_part<Name, Part> share(const Part& part) {
  return shared_part<Name, Part>(part);
}

/// A name that stands nowhere, or among the arguments; this says what to write.
template <class... Arguments>
requires(part_like<Arguments> || ...) constexpr auto share(const Arguments&...) {
  static_assert(sizeof...(Arguments) == 0, "what is shared has a name, in angle brackets: share<\"head\">(part)");
  return part_base();
}

template <class Derived, class Part>
struct enclosing_part;

/// Whether a part takes the scope of its position: layers, chains and lambdas do, and what encloses them; what has a
/// name has a scope of its own.
template <class Part>
inline constexpr bool takes_position = !our_part<Part> || std::is_base_of_v<layer_base, Part>;
template <class Part>
requires requires { typename Part::enclosed; }
inline constexpr bool takes_position<Part> = takes_position<typename Part::enclosed>;

/// A part that takes the positions of another and calls it with something set `before` and put back `after`, in the
/// part's own scope if it has no name, and with the values as `Derived` has them `inside` and `outside`.
template <class Derived, class Part>
struct enclosing_part : part_base {
  using enclosed = Part;
  static constexpr std::int32_t positions = positions_of<Part>();
  Part part;

  constexpr explicit enclosing_part(const Part& given) : part(given) {}

  template <symbolic First, symbolic... More>
  constexpr auto operator()(First x, More... more) const {
    if constexpr (takes_position<Part>) {
      return in_scope(static_cast<const Derived&>(*this), x.to->next_position(), x, more...);
    } else {
      Derived::before(*x.to);
      auto result = Derived::template outside<First>(call_next(part, Derived::inside(x), Derived::inside(more)...));
      Derived::after(*x.to);
      return result;
    }
  }
  template <symbolic First, symbolic... More>
  constexpr auto body(First x, More... more) const {
    Derived::before(*x.to);
    auto result = Derived::template outside<First>(call_body(part, Derived::inside(x), Derived::inside(more)...));
    Derived::after(*x.to);
    return result;
  }
  template <symbolic First, symbolic... More>
  constexpr auto member(std::int32_t position, First x, More... more) const {
    if constexpr (takes_position<Part>) {
      return in_scope(static_cast<const Derived&>(*this), position, x, more...);
    } else {
      Derived::before(*x.to);
      auto result =
          Derived::template outside<First>(call_member(part, position, Derived::inside(x), Derived::inside(more)...));
      Derived::after(*x.to);
      return result;
    }
  }

  template <symbolic Symbol>
  static constexpr Symbol inside(Symbol x) {
    return x;
  }
  template <symbolic Symbol, class Result>
  static constexpr Result outside(const Result& result) {
    return result;
  }
};

/// A part whose parameters below `Name` are frozen, its norms' statistics too if told so, or learn at another rate; see
/// `frozen` and `learning_rate_factor`.
template <text Name, bool Freezes, real Factor, bool KeepsStatistics, class Part>
struct selecting_part : enclosing_part<selecting_part<Name, Freezes, Factor, KeepsStatistics, Part>, Part> {
  static_assert(Factor.value() >= 0, "a learning rate's factor is not negative");
  using enclosing_part<selecting_part, Part>::enclosing_part;

  static constexpr void before(builder& to) { to.select(Name.view(), Freezes, Factor.value(), KeepsStatistics); }
  static constexpr void after(builder& to) { to.deselect(); }
};

/// The parameters of a part are not trained: frozen(part). With a name only those below it: frozen<"encoder">(net),
/// where the name counts from the scope of the chain, lambda or layer; of what has a name, from where it stands.
///
/// As PyTorch's requires_grad = False: no gradient, no update, no weight decay; gradients pass through to what lies
/// before. Batch norms inside go on normalising by the batch, and their running statistics follow it; the option
/// running_statistics below freezes them too.
/// problems: selects_nothing, if nothing has the name
/// example: frozen(conv2d<8, kernel<3>>{} >> batch_norm{}) >> conv2d<4>{}
template <text Name = "", class Part>
constexpr auto frozen(const Part& part) {
  return selecting_part<Name, true, 1.0, false, Part>(part);
}

/// The same, and batch norms inside use their running statistics in training as in inference, and leave them and their
/// count of batches: frozen<"encoder", running_statistics>(net), frozen<running_statistics>(part).
///
/// As PyTorch's eval() with requires_grad = False, torchvision's and detectron2's frozen batch norm, or Keras'
/// trainable = False: each norm is y = scale x + shift by constants, through which gradients pass. What lies before all
/// that is trained runs as in inference, norms folded into convolutions. Of a shared part the first call decides.
/// problems: selects_nothing, if nothing has the name
/// example: frozen<running_statistics>(conv2d<8, kernel<3>, no_bias>{} >> batch_norm{} >> relu{}) >> conv2d<4>{}
template <text Name, std::same_as<running_statistics> Option, class Part>
constexpr auto frozen(const Part& part) {
  return selecting_part<Name, true, 1.0, true, Part>(part);
}
template <std::same_as<running_statistics> Option, class Part>
constexpr auto frozen(const Part& part) {
  return selecting_part<"", true, 1.0, true, Part>(part);
}

/// The learning rate of a part's parameters is Factor times the optimizer's: learning_rate_factor<0.1>(part). With a
/// name only of those below it: learning_rate_factor<0.1, "encoder">(net). Nested factors multiply.
///
/// As PyTorch's parameter groups with a learning rate of their own: everything that the rate multiplies is multiplied
/// by the factor, AdamW's weight decay too, and the momentum is left as it is.
/// problems: selects_nothing, if nothing has the name
/// example: learning_rate_factor<0.1>(conv2d<8, kernel<3>>{} >> relu{}) >> conv2d<4>{}
template <real Factor, text Name = "", class Part>
constexpr auto learning_rate_factor(const Part& part) {
  return selecting_part<Name, false, Factor, false, Part>(part);
}

/// A factor that stands nowhere, or among the arguments; this says what to write.
template <class... Arguments>
requires(part_like<Arguments> || ...) constexpr auto learning_rate_factor(const Arguments&...) {
  static_assert(sizeof...(Arguments) == 0, "a factor stands in angle brackets: learning_rate_factor<0.1>(part)");
  return part_base();
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
