// SPDX-License-Identifier: Apache-2.0
// Hints: what else is said of a network's problem, so that one of several alike is found.
#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/graph/builder.hpp"

namespace tenon {
inline namespace v0 {

/// Writes the hints of a problem behind the text of its graph. They are made when all has been lowered, so that
/// networks without a problem pay nothing for them.
class hint_writer {
 public:
  constexpr explicit hint_writer(builder& of) : calls_(of.calls()), graph_(of.graph), to_(of.graph.characters) {
    graph_.problem.hints_begin = static_cast<std::int32_t>(to_.count);
  }

  /// Which of its scope's calls of a free function it is: "the 4th of 5 calls".
  constexpr void write_call() {
    const range scope{graph_.problem.scope_begin, graph_.problem.scope_count};
    const place found = find(scope);
    if (found.of < 2) return;
    begin();
    append("the ");
    append_ordinal(found.number);
    append(" of ");
    append(found.of);
    append(" calls");
    end();
  }

  /// What a value comes from: "first from encoder.0", "other from add (the 3rd)", "from input 0".
  constexpr void write_origin(std::string_view which, std::int32_t value) {
    if (value < 0) return;
    begin();
    append(which);
    append("from ");
    const std::size_t origin = to_.count;
    const node& maker = graph_.nodes.first[graph_.values.first[value].producer];
    if (maker.op == operation::input) {
      append("input ");
      append(maker.attribute.index);
    } else {
      const place found = find(maker.scope);
      append_text(maker.scope);
      if (found.of >= 2) {
        append(" (the ");
        append_ordinal(found.number);
        append(")");
      }
    }
    shorten(origin);
    end();
  }

  /// What to write instead of a number of groups that does not divide the channels: "nearest<32>".
  constexpr void write_nearest(std::int64_t groups) {
    begin();
    append("nearest<");
    append(groups);
    append(">");
    end();
  }

 private:
  /// The number of a call among those of the same text, from 1, and how many these are; 0 of 0 for what is no call.
  struct place {
    std::int64_t number = 0, of = 0;
  };

  constexpr bool same_text(range one, range other) const {
    if (one.count != other.count) return false;
    for (std::int32_t i = 0; i < one.count; ++i) {
      if (to_[static_cast<std::size_t>(one[i])] != to_[static_cast<std::size_t>(other[i])]) return false;
    }
    return true;
  }

  // Each call has stored its text anew, so where it begins tells calls apart, and before from behind.
  constexpr place find(range scope) const {
    place found;
    bool is_call = false;
    for (const range call : calls_) {
      if (!same_text(call, scope)) continue;
      ++found.of;
      if (call.begin <= scope.begin) ++found.number;
      is_call = is_call || call.begin == scope.begin;
    }
    return is_call ? found : place();
  }

  constexpr void begin() { begin_ = to_.count; }
  constexpr void end() { graph_.problem.hint_lengths[written_++] = static_cast<std::int32_t>(to_.count - begin_); }

  constexpr void append(std::string_view text) {
    for (const char c : text) to_.push_back(c);
  }
  constexpr void append_text(range text) {
    for (std::int32_t i = 0; i < text.count; ++i) {
      const char c = to_[static_cast<std::size_t>(text[i])];
      to_.push_back(c);
    }
  }
  constexpr void append(std::int64_t number) {
    std::int64_t unit = 1;
    while (number / unit >= 10) unit *= 10;
    for (; unit > 0; unit /= 10) to_.push_back(static_cast<char>('0' + number / unit % 10));
  }
  constexpr void append_ordinal(std::int64_t number) {
    const std::int64_t last = number / 10 % 10 == 1 ? 0 : number % 10;
    append(number);
    append(last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
  }

  // Clang cuts texts of more than 36 characters at their end, where the more is said: the begin is left out instead.
  constexpr void shorten(std::size_t origin) {
    constexpr std::size_t most = 36;
    if (to_.count - begin_ <= most) return;
    const std::size_t surplus = to_.count - begin_ - most;
    for (std::size_t i = origin; i + surplus < to_.count; ++i) to_[i] = i < origin + 3 ? '.' : to_[i + surplus];
    to_.shorten(to_.count - surplus);
  }

  array_view<range> calls_;
  growing_graph& graph_;
  list<char>& to_;
  std::size_t begin_ = 0;
  int written_ = 0;
};

/// Gives the problem of a description that was lowered, if it has one, its hints.
constexpr void add_hints(builder& lowered) {
  const diagnostic& found = lowered.graph.problem;
  if (!found) return;
  hint_writer writer(lowered);
  writer.write_call();
  const bool meet = found.values[1] >= 0;
  writer.write_origin(meet ? "first " : "", found.values[0]);
  writer.write_origin("other ", found.values[1]);
  if (found.kind == problem::norm_groups_do_not_divide_use_nearest && found.found > 0) {
    writer.write_nearest(found.found);
  }
}

}  // namespace v0
}  // namespace tenon
