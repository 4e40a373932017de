// SPDX-License-Identifier: Apache-2.0
// Options as small tag types: which of them a thing takes, that none is given twice, and what they say together.
#pragma once

#include <type_traits>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

// An option is a type with `set`, which takes the options it belongs to by reference: what has no such options refuses
// it. `sets` is the member it sets, so that one given twice is found.

/// Whether what has the given options takes an option.
template <class Option, class Options>
concept option_of = requires(Options& options) {
  Option::set(options);
};

/// Whether two options set the same; of options that do not say what they set, whether they are the same.
template <class First, class Second>
constexpr bool set_the_same() {
  if constexpr (requires { requires std::is_same_v<decltype(First::sets), decltype(Second::sets)>; }) {
    return First::sets == Second::sets;
  } else {
    return std::is_same_v<First, Second>;
  }
}

/// How many of the options set what `Option` sets.
template <class Option, class... Options>
inline constexpr int times_given = (0 + ... + int{set_the_same<Option, Options>()});

/// Whether no two options set the same; everything that takes options asks for it.
template <class... Options>
inline constexpr bool given_once = ((times_given<Options, Options...> == 1) && ...);

/// What the given options say.
template <class Result, class... Options>
constexpr Result collect() {
  Result options;
  (Options::set(options), ...);
  return options;
}

}  // namespace v0
}  // namespace tenon
