// SPDX-License-Identifier: Apache-2.0
// Rewriting a description: rewrite, replace, and the rules that say what becomes of a layer.
#pragma once

#if !__has_include(<boost/hana/tuple.hpp>)
#  include "tenon/core/language.hpp"
#  error "Boost.Hana was not found. Debian: apt-get install libboost-dev"
#  include TENON_STOP
#endif

#include <boost/hana/concat.hpp>
#include <boost/hana/drop_front.hpp>
#include <boost/hana/drop_while.hpp>
#include <boost/hana/front.hpp>
#include <boost/hana/integral_constant.hpp>
#include <boost/hana/is_empty.hpp>
#include <boost/hana/not.hpp>
#include <boost/hana/tuple.hpp>
#include <type_traits>

#include "tenon/layers/sharing.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// An option of every rule: except<"stem", "head"> leaves alone what has one of these names or lies below it. Names
/// count from the scope of the rewritten part. Problem: selects_nothing, if no layer has the name that would otherwise
/// be rewritten.
template <text... Names>
struct except {
  static constexpr void enter(builder& to, const void* rule) { (to.exempt(Names.view(), rule), ...); }
  static constexpr void leave(builder& to) {
    for (std::size_t i = 0; i < sizeof...(Names); ++i) to.deselect();
  }
};

template <class Option>
inline constexpr bool is_exception = false;
template <text... Names>
inline constexpr bool is_exception<except<Names...>> = true;

struct rule_base {};

/// What a rule of rewriting derives from, an empty type; its options stand behind. A rule has
/// - `template <class Layer> static constexpr bool matches`: whether it replaces layers of this type;
/// - `template <class Layer> static constexpr auto replacement()`: the part that it puts there.
template <class... Options>
struct rule : rule_base {
  static constexpr bool has_exceptions = (is_exception<Options> || ...);

  static constexpr void enter([[maybe_unused]] builder& to, [[maybe_unused]] const void* rule) {
    (enter_one<Options>(to, rule), ...);
  }
  static constexpr void leave([[maybe_unused]] builder& to) { (leave_one<Options>(to), ...); }

 private:
  template <class Option>
  static constexpr void enter_one(builder& to, const void* rule) {
    if constexpr (is_exception<Option>) Option::enter(to, rule);
  }
  template <class Option>
  static constexpr void leave_one(builder& to) {
    if constexpr (is_exception<Option>) Option::leave(to);
  }
};

template <class Rule>
concept rewrite_rule = std::is_base_of_v<rule_base, Rule> && std::is_empty_v<Rule>;

template <class Rules>
struct rewriting;

/// The type of a symbolic value under rules, a hana::tuple of them, the innermost first.
template <class Rules>
struct symbol_under {
  using type = basic_symbol<rewriting<Rules>>;
};
template <>
struct symbol_under<boost::hana::tuple<>> {
  using type = symbol;
};

/// The rules that the values under them carry.
template <class Rules>
constexpr Rules rules_of(rewriting<Rules>) {
  return {};
}
constexpr boost::hana::tuple<> rules_of(no_rules) { return {}; }

/// What values carry while a description is being rewritten.
template <class Rules>
struct rewriting {
  /// Calls a layer, or what the first rule that wants it puts in its place, under the rules behind that one.
  template <class Layer, symbolic First, symbolic... More>
  static constexpr auto call(const Layer& layer, First x, More... more) {
    return call_by<Rules>(layer, x, more...);
  }

 private:
  template <class Left, class Layer, symbolic First, symbolic... More>
  static constexpr auto call_by(const Layer& layer, First x, More... more) {
    namespace hana = boost::hana;
    constexpr auto unfit = [](auto rule) { return hana::bool_c<!decltype(rule)::template matches<Layer>>; };
    using Fit = decltype(hana::drop_while(Left{}, unfit));
    if constexpr (decltype(hana::is_empty(Fit{}))::value) {
      return call_own_body(layer, x, more...);
    } else {
      using Rule = std::remove_cvref_t<decltype(hana::front(Fit{}))>;
      using Outer = decltype(hana::drop_front(Fit{}));
      using Inside = typename symbol_under<Outer>::type;
      if constexpr (Rule::has_exceptions) {
        if (x.to->is_exempt(part_identity<Rule>())) return call_by<Outer>(layer, x, more...);
      }
      return with_rules_of<First>(
          call_body(Rule::template replacement<Layer>(), with_rules_of<Inside>(x), with_rules_of<Inside>(more)...));
    }
  }
};

/// A part that is being rewritten; see `rewrite`.
template <class Rules, class Part>
struct rewritten_part;
template <class... Rules, class Part>
struct rewritten_part<boost::hana::tuple<Rules...>, Part>
    : enclosing_part<rewritten_part<boost::hana::tuple<Rules...>, Part>, Part> {
  using rules = boost::hana::tuple<Rules...>;
  using enclosing_part<rewritten_part, Part>::enclosing_part;

  static constexpr void before(builder& to) { (Rules::enter(to, part_identity<Rules>()), ...); }
  static constexpr void after(builder& to) { (Rules::leave(to), ...); }

  /// Rules of a description stand before those by which the description itself is being rewritten.
  template <symbolic Symbol>
  static constexpr auto inside(Symbol x) {
    using All = decltype(boost::hana::concat(rules{}, rules_of(typename Symbol::rules())));
    return with_rules_of<typename symbol_under<All>::type>(x);
  }
  template <symbolic Symbol, class Result>
  static constexpr auto outside(const Result& result) {
    return with_rules_of<Symbol>(result);
  }
};

/// A description in which rules replace layers wherever they stand: in chains, lambdas, branches, repetitions, named
/// and shared parts. Where a layer is called, the values' type says by which rules.
///
/// A rule does not see what it made itself. Of several, each sees what those before it made:
/// rewrite<First, Second>(net) is rewrite<Second>(rewrite<First>(net)), and so the outer of two nested calls sees the
/// result of the inner. What replaces a layer stands in its scope: a layer keeps the names of the parameters, a chain
/// numbers them below ("3.0.weight").
///
/// Lambdas take their values as `auto`, and so do bodies of layers that call other layers.
/// Rules of one's own derive from `rule`; `replace`, `scale_width`, `separable` and `bottleneck` have theirs.
template <rewrite_rule... Rules, class Part>
constexpr auto rewrite(const Part& part) {
  static_assert(sizeof...(Rules) >= 1, "rewrite needs a rule: rewrite<Rule>(part)");
  // What has one operator() of its own, no template, would take its values without their rules.
  static_assert(
      !requires { &Part::operator(); }, "a lambda that is rewritten takes its values as `auto`");
  return rewritten_part<boost::hana::tuple<Rules...>, Part>(part);
}

// Whether a layer is an instance of a class template: of types, of a value and types, of two values and types.
template <template <class...> class Template, class Layer>
inline constexpr bool is_instance = false;
template <template <class...> class Template, class... Options>
inline constexpr bool is_instance<Template, Template<Options...>> = true;
template <template <auto, class...> class Template, class Layer>
inline constexpr bool is_instance_of_value = false;
template <template <auto, class...> class Template, auto Value, class... Options>
inline constexpr bool is_instance_of_value<Template, Template<Value, Options...>> = true;
template <template <auto, auto, class...> class Template, class Layer>
inline constexpr bool is_instance_of_values = false;
template <template <auto, auto, class...> class Template, auto First, auto Second, class... Options>
inline constexpr bool is_instance_of_values<Template, Template<First, Second, Options...>> = true;

// An alias of a template is not what its instances are called: nothing would match it.
template <template <class...> class Template>
constexpr bool is_no_alias() {
  if constexpr (requires { typename Template<>; }) return is_instance<Template, Template<>>;
  return true;
}
template <template <auto, class...> class Template>
constexpr bool is_no_alias_of_value() {
  if constexpr (requires { typename Template<1>; }) return is_instance_of_value<Template, Template<1>>;
  return true;
}

/// A rule that puts `To` in the place of every layer that `From` has.
template <class From, class To, class... Options>
struct replacing : rule<Options...> {
  template <class Layer>
  static constexpr bool matches = From::template has<Layer>;
  template <class Layer>
  static constexpr To replacement() {
    return {};
  }
};

template <class From>
struct layers_of_type {
  template <class Layer>
  static constexpr bool has = std::is_same_v<Layer, From>;
};
template <template <class...> class From>
struct instances_of {
  template <class Layer>
  static constexpr bool has = is_instance<From, Layer>;
};
template <template <auto, class...> class From>
struct instances_of_value {
  template <class Layer>
  static constexpr bool has = is_instance_of_value<From, Layer>;
};
template <template <auto, auto, class...> class From>
struct instances_of_values {
  template <class Layer>
  static constexpr bool has = is_instance_of_values<From, Layer>;
};

/// `To` in the place of every `From`: replace<batch_norm, group_norm<32>>(net), replace<relu, leaky_relu<0.1>>(net).
/// `From` is a type, or a class template whose instances are all meant: `convolution`, as conv2d is an alias. Option:
/// except<...>.
///
/// example: replace<batch_norm, group_norm<4>>(conv2d<8>{} >> batch_norm<epsilon<1e-3>>{} >> relu{})
template <class From, class To, class... Options, class Part>
constexpr auto replace(const Part& part) {
  return rewrite<replacing<layers_of_type<From>, To, Options...>>(part);
}
template <template <class...> class From, class To, class... Options, class Part>
constexpr auto replace(const Part& part) {
  static_assert(is_no_alias<From>(), "replace takes a layer's own template, not an alias such as conv2d");
  return rewrite<replacing<instances_of<From>, To, Options...>>(part);
}
template <template <auto, class...> class From, class To, class... Options, class Part>
constexpr auto replace(const Part& part) {
  static_assert(is_no_alias_of_value<From>(), "replace takes a layer's own template, not an alias such as conv2d");
  return rewrite<replacing<instances_of_value<From>, To, Options...>>(part);
}
template <template <auto, auto, class...> class From, class To, class... Options, class Part>
constexpr auto replace(const Part& part) {
  return rewrite<replacing<instances_of_values<From>, To, Options...>>(part);
}

}  // namespace layers
}  // namespace v0
}  // namespace tenon
