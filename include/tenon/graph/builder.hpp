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

  constexpr builder() : buckets_{}, name_buckets_{} {
    scopes_.push_back({});
    fill_scalars(buckets_, bucket_count, -1);
    fill_scalars(name_buckets_, bucket_count, -1);
  }

  constexpr const value& value_at(std::int32_t number) const { return graph.values.first[number]; }

  // Scopes. Every layer and chain is called inside one; the outermost has no name.

  /// Enters the scope of a position of the present one: "2", below "encoder": "encoder.2".
  constexpr void enter(std::int32_t position) {
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
      top().repeats = true;
    } else {
      remember_scope(part);
    }
  }

  constexpr void leave() {
    if (top().named >= 0) names_.first[top().named].text = scope();
    scopes_.pop_back();
    path_.shorten(top().length);
  }

  /// The next number of the present scope, for a call that has no name.
  constexpr std::int32_t next_position() { return next_positions(1); }

  /// The next `count` numbers of the present scope; gives the first.
  constexpr std::int32_t next_positions(std::int32_t count) {
    std::int32_t& next = top().next;
    next += count;
    return next - count;
  }

  /// The present scope as text, stored once.
  constexpr range scope() {
    const frame& present = top();
    if (present.stored.count == 0 && path_.count > 0) store({});
    return present.stored;
  }

  /// The present scope with a word behind it, for what has no scope of its own: "decoder.weight".
  constexpr range scope(std::string_view word) { return store(word); }

  /// The same for a call of a free function, "decoder.add", of which a scope may have many: each is remembered.
  constexpr range call_scope(std::string_view word) {
    calls_.push_back(store(word));
    return calls_.back();
  }
  /// The calls of free functions so far.
  constexpr array_view<range> calls() const { return calls_; }

  // Selections: what is said of parts from outside.

  /// Until `deselect`, new parameters below the present scope, or below `name` in it, are frozen if told so, new
  /// running statistics stay as they are if told so, and learning rates are multiplied.
  constexpr void select(std::string_view name, bool freezes, double learning_rate_factor, bool keeps_statistics) {
    selections_.push_back(
        {name.empty() ? scope() : scope(name), freezes, learning_rate_factor, name.empty(), nullptr, keeps_statistics});
  }

  /// Until `deselect`, a rule of rewriting leaves alone what lies below `name` in the present scope.
  constexpr void exempt(std::string_view name, const void* rule) {
    selections_.push_back({scope(name), false, 1, false, rule, false});
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
    for (std::size_t i = 0; i < selections_.count; ++i) {
      selection& each = selections_.first[i];
      if (each.rule != nullptr || !is_below(view_of(text), view_of(each.below))) continue;
      each.used = true;
      attribute.trainable = attribute.trainable && !each.freezes;
      attribute.learning_rate_factor *= each.learning_rate_factor;
    }
    return named(operation::parameter, name, text, extents, attribute, parameters_);
  }

  /// A running statistic of the present scope. `follows`: training moves it, unless a selection says that it stays.
  constexpr std::int32_t buffer(std::string_view name, const shape& extents, initializer initial, bool follows = true) {
    const range text = scope(name);
    attributes attribute;
    attribute.index = buffers_;
    attribute.initial = initial;
    attribute.trainable = follows;
    for (std::size_t i = 0; i < selections_.count; ++i) {
      const selection& each = selections_.first[i];
      if (each.keeps_statistics && is_below(view_of(text), view_of(each.below))) attribute.trainable = false;
    }
    return named(operation::buffer, name, text, extents, attribute, buffers_);
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
  static constexpr std::size_t bucket_count = 256;

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
    bool keeps_statistics;
  };

  constexpr std::string_view view_of(range text) const {
    return {graph.characters.first + text.begin, static_cast<std::size_t>(text.count)};
  }

  constexpr frame& top() { return scopes_.first[scopes_.count - 1]; }
  constexpr const frame& top() const { return scopes_.first[scopes_.count - 1]; }
  constexpr bool repeats() const { return scopes_.first[scopes_.count - 1].repeats; }

  // Appends characters to the path behind a point; the caller sets them.
  constexpr char* extend_path(std::size_t count) {
    if (path_.count == 0) return path_.extend(count);
    char* const added = path_.extend(count + 1);
    *added = '.';
    return added + 1;
  }

  constexpr void append_name(std::string_view name, std::int32_t number) {
    copy_scalars(extend_path(name.size()), name.data(), name.size());
    if (number >= 0) append_number(number);
  }

  constexpr void append_number(std::int32_t number) {
    if (number < 10) {
      *extend_path(1) = static_cast<char>('0' + number);
      return;
    }
    std::size_t digits = 2;
    for (std::int32_t rest = number / 100; rest > 0; rest /= 10) ++digits;
    char* const to = extend_path(digits);
    for (; digits > 0; number /= 10) to[--digits] = static_cast<char>('0' + number % 10);
  }

  // Enters the scope of the present path: only what it has beyond the scope it stands in is hashed.
  constexpr void push(bool repeated) {
    const frame& outer = top();
    const std::uint32_t hash = extend(outer.hash, path_.first + outer.length, path_.first + path_.count);
    scopes_.push_back({path_.count, 0, {}, repeated, hash, -1});
  }

  static constexpr std::uint32_t extend(std::uint32_t hash, const char* text, const char* end) {
    for (; text != end; ++text) hash = (hash ^ static_cast<std::uint32_t>(*text)) * 16777619u;
    return hash;
  }

  // Stores the path, with a word behind it unless that is empty. It begins with the paths of all scopes that are open.
  constexpr range store(std::string_view word) {
    const std::size_t length = path_.count, point = length > 0 && !word.empty() ? 1 : 0;
    const range stored{static_cast<std::int32_t>(graph.characters.count),
                       static_cast<std::int32_t>(length + point + word.size())};
    char* const to = graph.characters.extend(length + point + word.size());
    copy_scalars(to, static_cast<const char*>(path_.first), length);
    if (point > 0) to[length] = '.';
    copy_scalars(to + length + point, word.data(), word.size());
    for (frame* open = scopes_.first + scopes_.count; open != scopes_.first && (open - 1)->stored.count == 0; --open) {
      (open - 1)->stored = {stored.begin, static_cast<std::int32_t>((open - 1)->length)};
    }
    return stored;
  }

  // What has the name of the present scope, or null. Scopes that are open have other names, for theirs are shorter.
  constexpr const named_scope* find_scope() const {
    const std::uint32_t hash = top().hash;
    for (std::int32_t i = name_buckets_[hash % bucket_count]; i >= 0;) {
      const named_scope& used = names_.first[i];
      if (used.hash == hash && view_of(used.text) == std::string_view(path_.data(), path_.size())) return &used;
      i = used.next;
    }
    return nullptr;
  }

  constexpr void remember_scope(const void* part) {
    const std::uint32_t hash = top().hash;
    std::int32_t& bucket = name_buckets_[hash % bucket_count];
    top().named = static_cast<std::int32_t>(names_.count);
    names_.push_back({{}, part, hash, bucket});
    bucket = top().named;
  }

  static constexpr bool is_below(std::string_view path, std::string_view scope) {
    if (scope.empty()) return true;
    if (path.substr(0, scope.size()) != scope) return false;
    return path.size() == scope.size() || path[scope.size()] == '.';
  }

  constexpr std::int32_t named(operation op, std::string_view name, range text, const shape& extents,
                               const attributes& attribute, std::int32_t& count) {
    const std::uint32_t hash = extend(top().hash, name.data(), name.data() + name.size());
    std::int32_t& bucket = buckets_[hash % bucket_count];
    for (std::int32_t i = bucket; i >= 0; i = entries_.first[i].next) {
      const entry& used = entries_.first[i];
      if (used.hash != hash || view_of(used.text) != view_of(text)) continue;
      if (repeats()) return shared(used, op, extents);
      graph.report(problem::name_used_twice, text, 1, 2);
    }
    ++count;
    const std::int32_t number = graph.make(op, {}, attribute, extents, text);
    entries_.push_back({text, hash, bucket, number});
    bucket = static_cast<std::int32_t>(entries_.count) - 1;
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
  list<range> calls_;
  list<entry> entries_;  // names of parameters and buffers, chained by their hash
  std::int32_t buckets_[bucket_count], name_buckets_[bucket_count];  // no std::array, whose operator takes two calls
  std::int32_t inputs_ = 0, parameters_ = 0, buffers_ = 0, dropouts_ = 0;
};

template <class Rules>
constexpr const shape& basic_symbol<Rules>::extents() const {
  return to->value_at(number).extents;
}

}  // namespace v0
}  // namespace tenon
