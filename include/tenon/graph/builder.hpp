// SPDX-License-Identifier: Apache-2.0
// The builder: a growing graph with the scope that names parameters, and the symbolic values that descriptions pass on.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tenon/graph/growing_graph.hpp"

namespace tenon {
inline namespace v0 {

class builder;

/// What a symbolic value carries in a description that is not being rewritten.
struct no_rules {};

template <class Rules>
struct basic_symbol;

/// A symbolic value as layers see it: without rules.
using symbol = basic_symbol<no_rules>;

/// A symbolic value: what a description takes and gives while it is lowered. Its shape can be asked for. Its type
/// carries the rules by which the description is being rewritten, so that they reach through lambdas.
template <class Rules>
struct basic_symbol {
  using rules = Rules;
  builder* to = nullptr;
  std::int32_t number = 0;

  constexpr const shape& extents() const;
  constexpr std::int32_t channels() const { return extents().channels(); }
  /// The same value without rules.
  constexpr symbol plain() const;
};

template <class Type>
inline constexpr bool is_symbol = false;
template <class Rules>
inline constexpr bool is_symbol<basic_symbol<Rules>> = true;

/// A symbolic value, with rules or without. Functions of such values take any, and give the type of their first.
template <class Type>
concept symbolic = is_symbol<Type>;

/// Lowers a description: layers append their nodes to `graph`, named by the scope they stand in.
class builder {
 public:
  growing_graph graph;

  constexpr builder() {
    scopes_.push_back({});
    buckets_.fill(-1);
  }

  constexpr const value& value_at(std::int32_t number) const { return graph.values[static_cast<std::size_t>(number)]; }

  // Scopes. Every layer and chain is called inside one; the outermost has no name.

  /// Enters the scope of a position of the present one: "2", below "encoder": "encoder.2".
  constexpr void enter(std::int32_t position) {
    separate();
    append_number(position);
    scopes_.push_back({path_.size(), 0, {}});
  }

  /// Enters a scope by its name, which nothing else in the network may have. A number that is not negative stands
  /// behind it: "block.3".
  constexpr void enter(std::string_view name, std::int32_t number) {
    separate();
    path_.append(name.data(), name.size());
    if (number >= 0) {
      separate();
      append_number(number);
    }
    scopes_.push_back({path_.size(), 0, {}});
    for (const range& used : names_) {
      if (view_of(used) == std::string_view(path_.data(), path_.size())) {
        graph.report(problem::name_used_twice, scope(), 1, 2);
        return;
      }
    }
    names_.push_back(scope());
  }

  constexpr void leave() {
    scopes_.pop_back();
    path_.shorten(scopes_.back().length);
  }

  /// The next number of the present scope, for a call that has no name.
  constexpr std::int32_t next_position() { return next_positions(1); }

  /// The next `count` numbers of the present scope; gives the first.
  constexpr std::int32_t next_positions(std::int32_t count) {
    const std::int32_t first = scopes_.back().next;
    scopes_.back().next += count;
    return first;
  }

  /// The present scope as text, stored once.
  constexpr range scope() {
    frame& present = scopes_.back();
    if (present.stored.count == 0) present.stored = graph.store({path_.data(), path_.size()});
    return present.stored;
  }

  /// The present scope with a word behind it, for what has no scope of its own: "decoder.add".
  constexpr range scope(std::string_view word) {
    separate();
    path_.append(word.data(), word.size());
    scopes_.push_back({path_.size(), 0, {}});
    const range stored = scope();
    leave();
    return stored;
  }

  // Nodes.

  constexpr symbol input(const shape& extents) {
    attributes attribute;
    attribute.index = inputs_++;
    return {this, graph.make(operation::input, {}, attribute, extents)};
  }

  /// A trainable parameter of the present scope: "encoder.0.weight". Problem: name_used_twice.
  constexpr std::int32_t parameter(std::string_view name, const shape& extents, initializer initial) {
    attributes attribute;
    attribute.index = parameters_++;
    attribute.initial = initial;
    return named(operation::parameter, name, extents, attribute);
  }

  /// A running statistic of the present scope.
  constexpr std::int32_t buffer(std::string_view name, const shape& extents, initializer initial) {
    attributes attribute;
    attribute.index = buffers_++;
    attribute.initial = initial;
    attribute.trainable = false;
    return named(operation::buffer, name, extents, attribute);
  }

  /// The number of the next dropout: each draws other random numbers.
  constexpr std::int32_t next_dropout() { return dropouts_++; }

  /// Appends a node with one result in the present scope.
  constexpr symbol make(operation op, std::span<const std::int32_t> from, const attributes& attribute,
                        const shape& extents) {
    return {this, graph.make(op, from, attribute, extents, scope())};
  }

  constexpr void report(problem kind, std::int64_t expected, std::int64_t found) {
    graph.report(kind, scope(), expected, found);
  }

 private:
  struct frame {
    std::size_t length = 0;  // of the path
    std::int32_t next = 0;   // position of the next unnamed call
    range stored{};          // the path as text of the graph, if it was asked for
  };

  constexpr std::string_view view_of(range text) const {
    return {graph.characters.data() + text.begin, static_cast<std::size_t>(text.count)};
  }

  constexpr void separate() {
    if (!path_.empty()) path_.push_back('.');
  }

  constexpr void append_number(std::int32_t number) {
    std::int32_t unit = 1;
    while (number / unit >= 10) unit *= 10;
    for (; unit > 0; unit /= 10) path_.push_back(static_cast<char>('0' + number / unit % 10));
  }

  constexpr std::int32_t named(operation op, std::string_view name, const shape& extents, const attributes& attribute) {
    const range text = scope(name);
    std::uint32_t hash = 2166136261u;
    for (char c : view_of(text)) hash = (hash ^ static_cast<std::uint32_t>(c)) * 16777619u;
    std::int32_t& bucket = buckets_[hash % buckets_.size()];
    for (std::int32_t i = bucket; i >= 0; i = entries_[static_cast<std::size_t>(i)].next) {
      if (view_of(entries_[static_cast<std::size_t>(i)].text) == view_of(text)) {
        graph.report(problem::name_used_twice, text, 1, 2);
      }
    }
    entries_.push_back({text, bucket});
    bucket = static_cast<std::int32_t>(entries_.size()) - 1;
    graph.append(op, {}, attribute, text);
    return graph.add_result(extents);
  }

  struct entry {
    range text;
    std::int32_t next;
  };

  list<char> path_;
  std::vector<frame> scopes_;
  std::vector<range> names_;
  std::vector<entry> entries_;  // names of parameters and buffers, chained by their hash
  std::array<std::int32_t, 256> buckets_{};
  std::int32_t inputs_ = 0, parameters_ = 0, buffers_ = 0, dropouts_ = 0;
};

template <class Rules>
constexpr const shape& basic_symbol<Rules>::extents() const {
  return to->value_at(number).extents;
}

template <class Rules>
constexpr symbol basic_symbol<Rules>::plain() const {
  return {to, number};
}

}  // namespace v0
}  // namespace tenon
