// SPDX-License-Identifier: Apache-2.0
// network_error: how a problem of a network is printed by the compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tenon/core/ordering.hpp"
#include "tenon/core/text.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Never defined: it exists to be printed, with the problem, the scope where it is, and what was expected and found
/// (what the two numbers are stands at the problem's enumerator), and what to write instead where that is known, or
/// which operation it is.
template <problem Problem, text Scope, std::int64_t Expected, std::int64_t Found, text... More>
struct network_error;

/// The same for a scope of more than 36 characters, which clang would cut: its outer and its inner part. Of a scope of
/// more than 72 characters the end.
template <problem Problem, text OuterScope, text InnerScope, std::int64_t Expected, std::int64_t Found, text... More>
struct network_error_below;

template <std::size_t Length>
constexpr text<Length> text_of(std::string_view from) {
  text<Length> to;
  for (std::size_t i = 0; i < Length; ++i) to.characters[i] = from[i];
  to.characters[Length] = 0;  // clang prints as a text only what has been given its zero
  return to;
}

/// Where a scope is cut in two for printing: behind a dot if that leaves both parts short.
constexpr std::size_t cut_of(std::string_view scope, std::size_t most) {
  const std::size_t dot = scope.substr(0, most).rfind('.');
  const bool fits = dot != std::string_view::npos && scope.size() - (dot + 1) <= most;
  return fits ? dot + 1 : most;
}

/// What to write in place of a number of groups that does not divide the channels: "nearest<32>".
template <std::int64_t Groups>
constexpr auto nearest_text() {
  constexpr std::size_t digits = [] {
    std::size_t count = 1;
    for (std::int64_t rest = Groups / 10; rest > 0; rest /= 10) ++count;
    return count;
  }();
  constexpr std::string_view word = "nearest<";
  text<word.size() + digits + 1> to;
  for (std::size_t i = 0; i < word.size(); ++i) to.characters[i] = word[i];
  std::int64_t rest = Groups;
  for (std::size_t i = digits; i-- > 0; rest /= 10) to.characters[word.size() + i] = static_cast<char>('0' + rest % 10);
  to.characters[word.size() + digits] = '>';
  to.characters[word.size() + digits + 1] = 0;
  return to;
}

/// What an error of this kind says beyond scope and numbers: what to write instead, or which operation it is.
template <diagnostic Found>
constexpr auto addition_to() {
  if constexpr (Found.kind == problem::has_no_gradient) {
    return text_of<name_of(Found.of).size()>(name_of(Found.of));
  } else {
    return nearest_text<Found.found>();
  }
}

/// True, unless the graph of `Stage` has a problem: then the compiler stops here and prints it.
template <class Stage>
constexpr bool network_is_valid() {
  constexpr diagnostic found = Stage::graph.problem;
  if constexpr (found.kind != problem::none) {
    constexpr std::size_t most = 36;
    constexpr auto length = static_cast<std::size_t>(found.scope_count);
    constexpr auto begin = static_cast<std::size_t>(found.scope_begin);
    constexpr bool says_more = (found.kind == problem::norm_groups_do_not_divide_use_nearest && found.found > 0) ||
                               found.kind == problem::has_no_gradient;
    constexpr const char* characters = Stage::graph.view().characters.data();
    if constexpr (length <= most) {
      constexpr auto scope = text_of<length>({characters + begin, length});
      if constexpr (says_more) {
        return sizeof(network_error<found.kind, scope, found.expected, found.found, addition_to<found>()>) != 0;
      } else {
        return sizeof(network_error<found.kind, scope, found.expected, found.found>) != 0;
      }
    } else {
      constexpr std::size_t shown = lesser(length, 2 * most);
      constexpr const char* from = characters + (begin + length - shown);
      constexpr std::size_t cut = cut_of({from, shown}, most);
      constexpr auto outer = text_of<cut>({from, cut});
      constexpr auto inner = text_of<shown - cut>({from + cut, shown - cut});
      if constexpr (says_more) {
        constexpr auto addition = addition_to<found>();
        return sizeof(network_error_below<found.kind, outer, inner, found.expected, found.found, addition>) != 0;
      } else {
        return sizeof(network_error_below<found.kind, outer, inner, found.expected, found.found>) != 0;
      }
    }
  }
  return true;
}

}  // namespace v0
}  // namespace tenon
