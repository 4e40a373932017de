// SPDX-License-Identifier: Apache-2.0
// All orders and all placements of a small graph: the least memory that any of them needs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

#include "tenon/graph/channel_parts.hpp"
#include "tenon/plan/lower_bound.hpp"

namespace tenon_test {

/// The orders of the nodes of an inference graph, as sets of nodes that have run. Shares no code with the planner.
template <class Capabilities>
class every_order {
 public:
  using set = std::uint32_t;

  explicit every_order(const tenon::plan_view& plan) : graph_(plan.graph), content_(plan), places_(plan.placements) {
    std::map<std::int32_t, int> number;
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      if (tenon::is_source(graph_.node_at(i).op)) continue;
      number[i] = node_count();
      nodes_.push_back(i);
    }
    if (node_count() > most_nodes) return;
    const auto values = static_cast<std::size_t>(graph_.value_count());
    readers_.assign(values, 0);
    maker_.assign(values, 0);
    is_output_.assign(values, false);
    before_.assign(nodes_.size(), 0);
    for (const std::int32_t output : graph_.outputs) is_output_[static_cast<std::size_t>(output)] = true;
    for (int k = 0; k < node_count(); ++k) {
      const tenon::node& each = node(k);
      for (int r = 0; r < each.results.count; ++r) maker_[static_cast<std::size_t>(each.results[r])] = bit(k);
      for (int o = 0; o < each.operands.count; ++o) {
        const std::int32_t read = graph_.operand(each, o), producer = graph_.value_at(read).producer;
        readers_[static_cast<std::size_t>(read)] |= bit(k);
        if (number.contains(producer)) before_[static_cast<std::size_t>(k)] |= bit(number[producer]);
      }
    }
  }

  static constexpr int most_nodes = 14;
  int node_count() const { return static_cast<int>(nodes_.size()); }

  /// Whether there is more than one order.
  bool has_choice() const {
    for (set done = 0; done != full();) {
      const std::vector<int> next = ready(done);
      if (next.size() > 1) return true;
      done |= bit(next[0]);
    }
    return false;
  }

  /// The least, over all orders, of the most bytes that are alive at a node: no placement of any order takes less.
  std::int64_t least_peak() const { return std::max(given(), least_from()[0]); }

  /// Whether there are an order and a placement within so many bytes: nodes run one after the other, and the results of
  /// each are tried wherever they may lie. Nothing if `most_states` have been seen and it is not known.
  std::optional<bool> fits(std::int64_t arena, std::size_t most_states) {
    grid_ = 0;
    for (std::int32_t v = 0; v < graph_.value_count(); ++v) {
      if (in_arena(v)) grid_ = std::gcd(grid_, bytes(v));
    }
    arena_ = arena / grid_ * grid_;
    rest_ = least_from();
    seen_.clear();
    states_left_ = most_states;
    layout places(static_cast<std::size_t>(graph_.value_count()), -1);
    std::vector<std::int32_t> inputs;
    for (const tenon::node& each : graph_.nodes) {
      if (each.op == tenon::operation::input) inputs.push_back(each.results[0]);
    }
    const bool found = place_inputs(inputs, 0, places);
    if (!found && states_left_ == 0) return {};
    return found;
  }

 private:
  using layout = std::vector<std::int64_t>;  // of each value where it lies, or -1

  /// Of each set of nodes that have run the least peak of those that have not.
  std::vector<std::int64_t> least_from() const {
    std::vector<std::int64_t> least(std::size_t{1} << node_count(), -1);
    least[full()] = 0;
    for (set done = full(); done-- > 0;) {
      for (const int k : ready(done)) {
        const std::int64_t behind = least[done | bit(k)];
        if (behind < 0) continue;
        const std::int64_t peak = std::max(behind, during(done, k));
        if (least[done] < 0 || peak < least[done]) least[done] = peak;
      }
    }
    return least;
  }

  bool overlaps(const layout& places, std::int32_t v, std::int64_t from, std::int64_t to) const {
    const std::int64_t at = places[static_cast<std::size_t>(v)];
    return at >= 0 && at < to && from < at + bytes(v);
  }

  /// Whether nothing that is placed lies in some bytes, but for one value.
  bool is_free(const layout& places, std::int64_t from, std::int64_t to, std::int32_t except = -1) const {
    for (std::int32_t v = 0; v < graph_.value_count(); ++v) {
      if (v != except && overlaps(places, v, from, to)) return false;
    }
    return true;
  }

  bool place_inputs(const std::vector<std::int32_t>& inputs, std::size_t i, layout& places) {
    if (i == inputs.size()) return go_on(0, places);
    for (std::int64_t at = 0; at + bytes(inputs[i]) <= arena_; at += grid_) {
      if (!is_free(places, at, at + bytes(inputs[i]))) continue;
      places[static_cast<std::size_t>(inputs[i])] = at;
      if (place_inputs(inputs, i + 1, places)) return true;
      places[static_cast<std::size_t>(inputs[i])] = -1;
    }
    return false;
  }

  /// Whether the nodes that have not run can follow.
  bool go_on(set done, const layout& before) {
    if (done == full()) return true;
    if (rest_[done] > arena_ || states_left_ == 0) return false;
    layout places = before;
    for (std::int32_t v = 0; v < graph_.value_count(); ++v) {
      if (!is_alive(v, done)) places[static_cast<std::size_t>(v)] = -1;
    }
    layout key = places;
    key.push_back(done);
    if (!seen_.insert(key).second) return false;
    --states_left_;
    for (const int k : ready(done)) {
      if (place_results(done, k, 0, places)) return true;
    }
    return false;
  }

  bool place_results(set done, int k, int r, layout& places) {
    const tenon::node& each = node(k);
    if (r == each.results.count) return go_on(done | bit(k), places);
    const std::int32_t result = each.results[r];
    if (!in_arena(result)) return place_results(done, k, r + 1, places);
    for (std::int64_t at = 0; at + bytes(result) <= arena_; at += grid_) {
      if (!may_lie(places, done, k, r, at)) continue;
      places[static_cast<std::size_t>(result)] = at;
      if (place_results(done, k, r + 1, places)) return true;
      places[static_cast<std::size_t>(result)] = -1;
    }
    return false;
  }

  bool may_lie(const layout& places, set done, int k, int r, std::int64_t at) const {
    const tenon::node& each = node(k);
    const std::int32_t result = each.results[r];
    const auto begin_of = [&](int part) {
      return std::int64_t{tenon::first_channel_of(graph_, each, part)} *
             graph_.value_at(tenon::channel_part(graph_, each, part)).extents.spatial_elements() * 4;
    };
    if (each.op == tenon::operation::concat) {
      // Parts that lie in their places stay, the others are copied to where nothing is needed.
      for (int o = 0; o < each.operands.count; ++o) {
        const std::int32_t part = graph_.operand(each, o);
        const std::int64_t from = at + begin_of(o);
        const bool stays =
            places[static_cast<std::size_t>(part)] == from && Capabilities::joins_in_place(graph_, each, o);
        if (!stays && !is_free(places, from, from + bytes(part))) return false;
      }
      return true;
    }
    if (tenon::takes_channels(each.op)) {
      const std::int64_t whole = places[static_cast<std::size_t>(graph_.operand(each, 0))];
      if (at == whole + begin_of(r) && Capabilities::joins_in_place(graph_, each, r)) return true;
    } else if (r == 0) {
      for (int o = 0; o < each.operands.count; ++o) {
        const std::int32_t under = graph_.operand(each, o);
        if (places[static_cast<std::size_t>(under)] == at && !is_alive(under, done | bit(k)) && may_lie_over(each, o) &&
            is_free(places, at, at + bytes(result), under))
          return true;
      }
    }
    return is_free(places, at, at + bytes(result));
  }

  static set bit(int k) { return set{1} << k; }
  set full() const { return bit(node_count()) - 1; }
  const tenon::node& node(int k) const { return graph_.node_at(nodes_[static_cast<std::size_t>(k)]); }
  std::int64_t bytes(std::int32_t v) const { return places_[static_cast<std::size_t>(v)].bytes; }
  bool in_arena(std::int32_t v) const {
    return places_[static_cast<std::size_t>(v)].space == tenon::memory_space::arena;
  }

  std::vector<int> ready(set done) const {
    std::vector<int> found;
    for (int k = 0; k < node_count(); ++k) {
      if ((done & bit(k)) == 0 && (before_[static_cast<std::size_t>(k)] & ~done) == 0) found.push_back(k);
    }
    return found;
  }

  bool is_alive(std::int32_t v, set done) const {
    const auto i = static_cast<std::size_t>(v);
    if (!in_arena(v) || (maker_[i] & ~done) != 0) return false;
    return is_output_[i] || (readers_[i] & ~done) != 0;
  }

  /// Bytes that are held by any of the values.
  std::int64_t bytes_of(const std::vector<bool>& held) const {
    std::vector<bool> units(content_.unit_bytes.size(), false);
    std::int64_t sum = 0;
    for (std::size_t v = 0; v < held.size(); ++v) {
      for (std::int32_t i = held[v] ? content_.value_begin[v] : content_.value_begin[v + 1];
           i < content_.value_begin[v + 1]; ++i) {
        const auto unit = static_cast<std::size_t>(content_.units[static_cast<std::size_t>(i)]);
        if (!units[unit]) sum += content_.unit_bytes[unit];
        units[unit] = true;
      }
    }
    return sum;
  }

  /// Bytes alive while node k runs behind a set of others.
  std::int64_t during(set done, int k) const {
    std::vector<bool> held(readers_.size()), behind(readers_.size());
    for (std::size_t v = 0; v < held.size(); ++v) {
      held[v] = is_alive(static_cast<std::int32_t>(v), done);
      behind[v] = is_alive(static_cast<std::int32_t>(v), done | bit(k));
    }
    const tenon::node& each = node(k);
    const std::int32_t result = each.results[0];
    for (int r = 0; r < each.results.count; ++r) {
      const auto made = static_cast<std::size_t>(each.results[r]);
      held[made] = behind[made] = in_arena(each.results[r]);
    }
    std::int64_t least = bytes_of(held);
    for (int o = 0; o < each.operands.count && in_arena(result); ++o) {
      const std::int32_t operand = graph_.operand(each, o);
      if (behind[static_cast<std::size_t>(operand)] || !may_lie_over(each, o)) continue;
      std::vector<bool> without = held;
      without[static_cast<std::size_t>(operand)] = false;
      least = std::min(least, bytes_of(without));
    }
    return least;
  }

  /// Whether a node's first result may be written over an operand that nobody needs any more.
  bool may_lie_over(const tenon::node& each, int o) const {
    const std::int32_t operand = graph_.operand(each, o);
    return in_arena(operand) && bytes(operand) == bytes(each.results[0]) && Capabilities::in_place(graph_, each, o);
  }

  /// Inputs are copied in before the first node runs.
  std::int64_t given() const {
    std::int64_t sum = 0;
    for (const tenon::node& each : graph_.nodes) {
      if (each.op == tenon::operation::input) sum += places_[static_cast<std::size_t>(each.results[0])].bytes;
    }
    return sum;
  }

  tenon::graph_view graph_;
  tenon::content_table<Capabilities> content_;
  tenon::array_view<tenon::placement> places_;
  std::vector<std::int32_t> nodes_;
  std::vector<set> readers_, maker_, before_;
  std::vector<bool> is_output_;
  // Of a question whether something fits.
  std::int64_t grid_ = 0, arena_ = 0;
  std::vector<std::int64_t> rest_;
  std::set<layout> seen_;
  std::size_t states_left_ = 0;
};

}  // namespace tenon_test
