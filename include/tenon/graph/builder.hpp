// SPDX-License-Identifier: Apache-2.0
// The builder: a growing graph with the scopes that name, share and freeze parameters.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tenon/graph/growing_graph.hpp"
#include "tenon/graph/symbol.hpp"

namespace tenon {
inline namespace v0 {

/// Lowers a description: layers append their nodes to `graph`, named by the scope they stand in.
class builder {
 public:
  growing_graph graph;

  constexpr builder() {
    scopes_.push_back({});
    buckets_.fill(-1);
    name_buckets_.fill(-1);
  }

  constexpr const value& value_at(std::int32_t number) const { return graph.values[static_cast<std::size_t>(number)]; }

  // Scopes. Every layer and chain is called inside one; the outermost has no name.

  /// Enters the scope of a position of the present one: "2", below "encoder": "encoder.2".
  constexpr void enter(std::int32_t position) {
    separate();
    append_number(position);
    push(repeats());
  }

  /// Enters a scope by its name, which nothing else in the network may have. A number that is not negative stands
  /// behind it: "block.3".
  constexpr void enter(std::string_view name, std::int32_t number) {
    append_name(name, number);
    const bool repeated = repeats();
    push(repeated);
    if (const named_scope* used = find_scope()) {
      if (!repeated || used->part != nullptr) graph.report(problem::name_used_twice, scope(), 1, 2);
    } else {
      remember_scope(nullptr);
    }
  }

  /// Enters a scope that `part` may enter again: from then on the parameters that it had already are used once more.
  constexpr void enter_shared(std::string_view name, const void* part) {
    append_name(name, -1);
    push(repeats());
    if (const named_scope* used = find_scope()) {
      if (used->part != part) graph.report(problem::name_used_twice, scope(), 1, 2);
      scopes_.back().repeats = true;
    } else {
      remember_scope(part);
    }
  }

  constexpr void leave() {
    const std::int32_t named = scopes_.back().named;
    if (named >= 0) names_[static_cast<std::size_t>(named)].text = scope();
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
    if (scopes_.back().stored.count == 0) store();
    return scopes_.back().stored;
  }

  /// The present scope with a word behind it, for what has no scope of its own: "decoder.add".
  constexpr range scope(std::string_view word) {
    separate();
    path_.append(word.data(), word.size());
    const range stored = store();
    path_.shorten(scopes_.back().length);
    return stored;
  }

  // Selections: what is said of parts from outside.

  /// Until `deselect`, new parameters below the present scope, or below `name` in it, are frozen if told so, and their
  /// learning rates are multiplied.
  constexpr void select(std::string_view name, bool freezes, double learning_rate_factor) {
    selections_.push_back({name.empty() ? scope() : scope(name), freezes, learning_rate_factor, name.empty(), nullptr});
  }

  /// Until `deselect`, a rule of rewriting leaves alone what lies below `name` in the present scope.
  constexpr void exempt(std::string_view name, const void* rule) {
    selections_.push_back({scope(name), false, 1, false, rule});
  }

  /// Problem: selects_nothing, of a name.
  constexpr void deselect() {
    const selection& last = selections_.back();
    if (!last.used) graph.report(problem::selects_nothing, last.below, 1, 0);
    selections_.pop_back();
  }

  /// Whether a rule leaves the present scope alone.
  constexpr bool is_exempt(const void* rule) {
    for (selection& each : selections_) {
      if (each.rule != rule || !is_below({path_.data(), path_.size()}, view_of(each.below))) continue;
      each.used = true;
      return true;
    }
    return false;
  }

  // Nodes.

  constexpr symbol input(const shape& extents) {
    attributes attribute;
    attribute.index = inputs_++;
    return {this, graph.make(operation::input, {}, attribute, extents)};
  }

  /// A parameter of the present scope: "encoder.0.weight". Problems: name_used_twice, shared_shape_differs.
  constexpr std::int32_t parameter(std::string_view name, const shape& extents, initializer initial) {
    const range text = scope(name);
    attributes attribute;
    attribute.index = parameters_;
    attribute.initial = initial;
    for (selection& each : selections_) {
      if (each.rule != nullptr || !is_below(view_of(text), view_of(each.below))) continue;
      each.used = true;
      attribute.trainable = attribute.trainable && !each.freezes;
      attribute.learning_rate_factor *= each.learning_rate_factor;
    }
    return named(operation::parameter, name, text, extents, attribute, parameters_);
  }

  /// A running statistic of the present scope.
  constexpr std::int32_t buffer(std::string_view name, const shape& extents, initializer initial) {
    attributes attribute;
    attribute.index = buffers_;
    attribute.initial = initial;
    attribute.trainable = false;
    return named(operation::buffer, name, scope(name), extents, attribute, buffers_);
  }

  /// The number of the next dropout: each draws other random numbers.
  constexpr std::int32_t next_dropout() { return dropouts_++; }

  /// Appends a node with one result in the present scope.
  constexpr symbol make(operation op, array_view<std::int32_t> from, const attributes& attribute,
                        const shape& extents) {
    return {this, graph.make(op, from, attribute, extents, scope())};
  }

  constexpr void report(problem kind, std::int64_t expected, std::int64_t found) {
    graph.report(kind, scope(), expected, found);
  }

  /// An extent of what stands in a scope, computed in 64 bits. Problem: extent_too_great.
  constexpr std::int32_t narrow_extent(std::int64_t computed, range where) {
    if (computed > shape::most_extent) graph.report(problem::extent_too_great, where, shape::most_extent, computed);
    return shape::clamp(computed);
  }

 private:
  struct frame {
    std::size_t length = 0;            // of the path
    std::int32_t next = 0;             // position of the next unnamed call
    range stored{};                    // the path as text of the graph, if it was asked for
    bool repeats = false;              // inside a shared scope that was entered before
    std::uint32_t hash = 2166136261u;  // of the path
    std::int32_t named = -1;           // its entry among the named scopes
  };

  struct named_scope {
    range text;        // once it was left
    const void* part;  // of a shared scope: which part it belongs to
    std::uint32_t hash;
    std::int32_t next;  // of its bucket
  };

  struct selection {
    range below;
    bool freezes;
    double learning_rate_factor;
    bool used;
    const void* rule;  // of an exemption from rewriting: the rule
  };

  constexpr std::string_view view_of(range text) const {
    return {graph.characters.data() + text.begin, static_cast<std::size_t>(text.count)};
  }

  constexpr void separate() {
    if (!path_.empty()) path_.push_back('.');
  }

  constexpr void append_name(std::string_view name, std::int32_t number) {
    separate();
    path_.append(name.data(), name.size());
    if (number >= 0) {
      separate();
      append_number(number);
    }
  }

  constexpr bool repeats() const { return scopes_.back().repeats; }

  // Enters the scope of the present path: only what it has beyond the scope it stands in is hashed.
  constexpr void push(bool repeated) {
    const std::size_t before = scopes_.back().length;
    const std::uint32_t hash = extend(scopes_.back().hash, {path_.data() + before, path_.size() - before});
    scopes_.push_back({path_.size(), 0, {}, repeated, hash, -1});
  }

  static constexpr std::uint32_t extend(std::uint32_t hash, std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<std::uint32_t>(c)) * 16777619u;
    return hash;
  }

  // Stores the path. It begins with the paths of all scopes that are open.
  constexpr range store() {
    const range stored = graph.store({path_.data(), path_.size()});
    for (std::size_t i = scopes_.size(); i > 0 && scopes_[i - 1].stored.count == 0; --i) {
      scopes_[i - 1].stored = {stored.begin, static_cast<std::int32_t>(scopes_[i - 1].length)};
    }
    return stored;
  }

  // What has the name of the present scope, or null. Scopes that are open have other names, for theirs are shorter.
  constexpr const named_scope* find_scope() const {
    const std::uint32_t hash = scopes_.back().hash;
    for (std::int32_t i = name_buckets_[hash % name_buckets_.size()]; i >= 0;) {
      const named_scope& used = names_[static_cast<std::size_t>(i)];
      if (used.hash == hash && view_of(used.text) == std::string_view(path_.data(), path_.size())) return &used;
      i = used.next;
    }
    return nullptr;
  }

  constexpr void remember_scope(const void* part) {
    const std::uint32_t hash = scopes_.back().hash;
    std::int32_t& bucket = name_buckets_[hash % name_buckets_.size()];
    scopes_.back().named = static_cast<std::int32_t>(names_.size());
    names_.push_back({{}, part, hash, bucket});
    bucket = scopes_.back().named;
  }

  static constexpr bool is_below(std::string_view path, std::string_view scope) {
    if (scope.empty()) return true;
    if (path.substr(0, scope.size()) != scope) return false;
    return path.size() == scope.size() || path[scope.size()] == '.';
  }

  constexpr void append_number(std::int32_t number) {
    std::int32_t unit = 1;
    while (number / unit >= 10) unit *= 10;
    for (; unit > 0; unit /= 10) path_.push_back(static_cast<char>('0' + number / unit % 10));
  }

  constexpr std::int32_t named(operation op, std::string_view name, range text, const shape& extents,
                               const attributes& attribute, std::int32_t& count) {
    const std::uint32_t hash = extend(scopes_.back().hash, name);
    std::int32_t& bucket = buckets_[hash % buckets_.size()];
    for (std::int32_t i = bucket; i >= 0; i = entries_[static_cast<std::size_t>(i)].next) {
      const entry& used = entries_[static_cast<std::size_t>(i)];
      if (used.hash != hash || view_of(used.text) != view_of(text)) continue;
      if (repeats()) return shared(used, op, extents);
      graph.report(problem::name_used_twice, text, 1, 2);
    }
    graph.append(op, {}, attribute, text);
    ++count;
    const std::int32_t number = graph.add_result(extents);
    entries_.push_back({text, hash, bucket, number});
    bucket = static_cast<std::int32_t>(entries_.size()) - 1;
    return number;
  }

  struct entry {
    range text;
    std::uint32_t hash;
    std::int32_t next;
    std::int32_t number;  // of its value
  };

  // A parameter or buffer that is used once more.
  constexpr std::int32_t shared(const entry& used, operation op, const shape& extents) {
    const value& before = value_at(used.number);
    if (graph.nodes[static_cast<std::size_t>(before.producer)].op != op) {
      graph.report(problem::name_used_twice, used.text, 1, 2);
    }
    if (before.extents.rank != extents.rank) {
      graph.report(problem::shared_shape_differs, used.text, before.extents.rank, extents.rank);
    }
    for (int i = 0; i < extents.rank; ++i) {
      if (before.extents[i] == extents[i]) continue;
      graph.report(problem::shared_shape_differs, used.text, before.extents[i], extents[i]);
    }
    return used.number;
  }

  list<char> path_;
  list<frame> scopes_;
  list<named_scope> names_;
  list<selection> selections_;
  list<entry> entries_;  // names of parameters and buffers, chained by their hash
  std::array<std::int32_t, 256> buckets_{}, name_buckets_{};
  std::int32_t inputs_ = 0, parameters_ = 0, buffers_ = 0, dropouts_ = 0;
};

template <class Rules>
constexpr const shape& basic_symbol<Rules>::extents() const {
  return to->value_at(number).extents;
}

}  // namespace v0
}  // namespace tenon
