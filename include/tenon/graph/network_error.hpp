// SPDX-License-Identifier: Apache-2.0
// network_error: how a problem of a network is printed by the compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/core/text.hpp"
#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// Never defined: it exists to be printed, with the problem, the scope where it is, and what was expected and found
/// (what the two numbers are stands at the problem's enumerator), and hints: of one of several calls of a function
/// which it is and what its values come from, what to write instead (graph/hints.hpp), or which operation it is.
template <problem Problem, text Scope, std::int64_t Expected, std::int64_t Found, text... Hints>
struct network_error;

/// The same for a scope of more than 36 characters, which clang would cut: its outer and its inner part. Of a scope of
/// more than 72 characters the end.
template <problem Problem, text OuterScope, text InnerScope, std::int64_t Expected, std::int64_t Found, text... Hints>
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

/// A text of the graph of `Stage`.
template <class Stage, std::int32_t Begin, std::int32_t Count>
inline constexpr auto text_in = text_of<static_cast<std::size_t>(Count)>({Stage::graph.view().characters.data() + Begin,
                                                                          static_cast<std::size_t>(Count)});

/// Where the hint of a number begins.
constexpr std::int32_t begin_of_hint(const diagnostic& found, std::size_t hint) {
  std::int32_t begin = found.hints_begin;
  for (std::size_t i = 0; i < hint; ++i) begin += found.hint_lengths[i];
  return begin;
}

/// A hint as a text; of an operation without a gradient its name.
template <class Stage, std::size_t Hint>
constexpr auto make_hint_text() {
  constexpr diagnostic found = Stage::graph.problem;
  if constexpr (found.kind == problem::has_no_gradient) {
    return text_of<name_of(found.of).size()>(name_of(found.of));
  } else {
    return text_in<Stage, begin_of_hint(found, Hint), found.hint_lengths[Hint]>;
  }
}
template <class Stage, std::size_t Hint>
inline constexpr auto hint_text = make_hint_text<Stage, Hint>();

/// What stops the compiler: the problem of the graph of `Stage` with its first hints. Its type is asked for, not its
/// value, so that nothing but this is printed.
template <class Stage, std::size_t... Hint>
constexpr auto print_problem(std::index_sequence<Hint...>) {
  constexpr diagnostic found = Stage::graph.problem;
  constexpr std::int32_t most = 36, length = found.scope_count, begin = found.scope_begin;
  if constexpr (length <= most) {
    return sizeof(network_error<found.kind, text_in<Stage, begin, length>, found.expected, found.found,
                                hint_text<Stage, Hint>...>) != 0;
  } else {
    constexpr std::int32_t shown = length < 2 * most ? length : 2 * most, from = begin + length - shown;
    constexpr auto cut = static_cast<std::int32_t>(cut_of(text_in<Stage, from, shown>.view(), most));
    return sizeof(network_error_below<found.kind, text_in<Stage, from, cut>, text_in<Stage, from + cut, shown - cut>,
                                      found.expected, found.found, hint_text<Stage, Hint>...>) != 0;
  }
}

/// True, unless the graph of `Stage` has a problem, or has the one that is asked for: then the compiler stops here and
/// prints it.
template <class Stage, problem Only = problem::none>
constexpr bool network_is_valid() {
  constexpr diagnostic found = Stage::graph.problem;
  if constexpr (found.kind != problem::none && (Only == problem::none || found.kind == Only)) {
    constexpr std::size_t hints =
        found.kind == problem::has_no_gradient
            ? 1
            : (found.hint_lengths[0] > 0) + (found.hint_lengths[1] > 0) + (found.hint_lengths[2] > 0);
    using printed = decltype(print_problem<Stage>(std::make_index_sequence<hints>()));
    static_assert(!std::is_void_v<printed>);
  }
  return true;
}

}  // namespace v0
}  // namespace tenon
