// SPDX-License-Identifier: Apache-2.0
// Retentions as text, so that a program can have those that a search has found.
#pragma once

#include <string_view>

#include "tenon/passes/retention.hpp"

namespace tenon {
inline namespace v0 {

/// One letter for each node of the forward pass that can run again, in the nodes' order: k kept, r recomputed, o
/// recomputed_once; a number before a letter says how many of it follow one another: "12k3ro".
/// requires: a laid-out training graph
constexpr list<char> text_of_retentions(const graph_view& laid_out, const list<retention>& retained) {
  list<char> made;
  std::int32_t count = 0;
  char last = 0;
  const auto put = [&] {
    if (count > 1) {
      char digits[12]{};
      int length = 0;
      for (std::int32_t rest = count; rest > 0; rest /= 10) digits[length++] = static_cast<char>('0' + rest % 10);
      while (length > 0) made.push_back(digits[--length]);
    }
    if (count > 0) made.push_back(last);
  };
  const std::int32_t loss = loss_node_of(laid_out);
  for (std::int32_t i = 0; i < loss; ++i) {
    if (!can_run_again(laid_out.node_at(i).op)) continue;
    const char letter = "kro"[static_cast<int>(retained.first[i])];
    if (letter != last) {
      put();
      count = 0;
    }
    last = letter;
    ++count;
  }
  put();
  return made;
}

/// What a text of retentions says for a graph.
struct read_retentions {
  list<retention> retained;  ///< one a node
  std::int32_t wanted = 0;   ///< how many letters the graph takes
  std::int32_t found = 0;    ///< how many the text has; less than 0: another letter, or a number behind the last
};

constexpr read_retentions retentions_of(const graph_view& laid_out, std::string_view text) {
  read_retentions read{list<retention>(laid_out.nodes.size(), retention::kept)};
  list<retention> letters;
  std::int32_t count = 0;
  for (const char each : text) {
    if (each >= '0' && each <= '9') {
      count = count > 100'000'000 ? count : count * 10 + (each - '0');
      continue;
    }
    if (each != 'k' && each != 'r' && each != 'o') read.found = -1;
    const retention is = each == 'r'   ? retention::recomputed
                         : each == 'o' ? retention::recomputed_once
                                       : retention::kept;
    for (std::int32_t i = 0; i < (count == 0 ? 1 : count) && letters.size() <= laid_out.nodes.size(); ++i)
      letters.push_back(is);
    count = 0;
  }
  if (count != 0) read.found = -1;
  if (read.found == 0) read.found = static_cast<std::int32_t>(letters.size());
  const std::int32_t loss = loss_node_of(laid_out);
  for (std::int32_t i = 0; i < loss; ++i) {
    if (!can_run_again(laid_out.node_at(i).op)) continue;
    if (read.wanted < read.found) read.retained.first[i] = letters.first[read.wanted];
    ++read.wanted;
  }
  return read;
}

}  // namespace v0
}  // namespace tenon
