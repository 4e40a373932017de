// SPDX-License-Identifier: Apache-2.0
// A string that may stand as a template argument: name<"encoder.fine">.
#pragma once

#include <cstddef>
#include <string_view>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// A fixed string of `Length` characters, its terminating zero not counted.
template <std::size_t Length>
struct text {
  char characters[Length + 1]{};

  constexpr text() = default;
  constexpr text(const char (&literal)[Length + 1]) {                      // NOLINT: implicit, made from a literal
    for (std::size_t i = 0; i <= Length; ++i) characters[i] = literal[i];  // clang prints what has been given its zero
  }

  constexpr std::string_view view() const { return {characters, Length}; }
  friend constexpr bool operator==(const text&, const text&) = default;
};

template <std::size_t Size>
text(const char (&)[Size]) -> text<Size - 1>;

}  // namespace v0
}  // namespace tenon
