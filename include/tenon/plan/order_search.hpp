// SPDX-License-Identifier: Apache-2.0
// The search for an order of a graph's nodes in which little memory is alive at once.
#pragma once

#include <cstdint>

#include "tenon/plan/order_window.hpp"
#include "tenon/plan/plan.hpp"

namespace tenon {
inline namespace v0 {

/// Looks for an order of less memory at its peak, which is where it looks:
///
///     find the peak  ->  is all that is alive there needed before and behind it?  -> no order has less
///          ^                        |
///          |                        v
///          +------  the best order of the nodes around it (order_window), first of 16, then of 64
///
/// Nothing moves across the loss, nor do the updates at the end of a step.
/// requires: a laid-out graph, which lives as long as the search
/// cost: nodes + operands where no order has less; else that and an order_window for each peak that it lowers
template <class Capabilities>
class order_search {
 public:
  constexpr order_search(const graph_view& graph, bool keep_gradients) : graph_(graph), units_(graph, keep_gradients) {
    const std::int32_t loss = is_loss(graph.node_at(loss_node_of(graph)).op) ? loss_node_of(graph) : -1;
    const std::int32_t tail = first_update_of(graph);
    position_.assign(graph.nodes.size(), -1);
    // While compiling a call costs as much as several accesses, hence pointers.
    const node* const nodes = graph.nodes.first;
    for (std::int32_t i = 0; i < graph.node_count(); ++i) {
      if (i == loss) loss_position_ = static_cast<std::int32_t>(order_.size());
      if (i == tail) tail_ = static_cast<std::int32_t>(order_.size());
      if (is_source(nodes[i].op)) continue;
      position_.first[i] = static_cast<std::int32_t>(order_.size());
      order_.push_back(i);
    }
    if (tail == graph.node_count()) tail_ = count();
    is_output_.assign(graph.values.size(), 0);
    for (const std::int32_t output : graph.outputs) is_output_.first[output] = 1;
  }

  /// Whether it has found an order of less memory than the graph's.
  constexpr bool run() {
    if (count() < 3) return false;
    rate();
    if (most_ == given_most() || !is_open()) return false;
    const std::int64_t before = most_;
    order_window<Capabilities> window(graph_, units_);
    for (int round = 0; round < most_rounds; ++round) {
      if (!improve(window)) break;
      rate();
      if (most_ == given_most() || !is_open()) break;
    }
    return most_ < before;
  }

  /// The nodes that are no sources, in their new order.
  constexpr const list<std::int32_t>& order() const { return order_; }

 private:
  static constexpr int most_rounds = 12;

  constexpr std::int32_t count() const { return static_cast<std::int32_t>(order_.size()); }
  // Inputs and targets are there before the first node.
  constexpr std::int64_t given_most() const { return units_.given; }

  // The bytes alive at each node of the present order, and where they are the most.
  constexpr void rate() {
    const std::size_t values = graph_.values.size();
    last_.assign(values, 0);
    std::int32_t* const last = last_.first;
    const node* const nodes = graph_.nodes.first;
    const std::int32_t *const operands = graph_.operands.first, *const order = order_.first;
    for (std::int32_t i = 0; i < count(); ++i) {
      const node& current = nodes[order[i]];
      for (std::int32_t r = current.results.begin; r < current.results.begin + current.results.count; ++r) last[r] = i;
      const std::int32_t behind = current.operands.begin + current.operands.count;
      for (std::int32_t o = current.operands.begin; o < behind; ++o) last[operands[o]] = i;
    }
    for (const std::int32_t output : graph_.outputs) last[output] = count();
    const auto latest = [](std::int32_t& to, std::int32_t from) {
      if (to < from) to = from;
    };
    units_.spread(last, latest);
    during_.assign(order_.size() + 1, 0);  // first what each node frees, then what is alive while it runs
    before_.assign(order_.size() + 1, 0);
    std::int64_t *const during = during_.first, *const before = before_.first;
    const std::int64_t* const bytes = units_.bytes.first;
    for (std::size_t v = 0; v < values; ++v) {
      if (bytes[v] != 0) during[last[v]] += bytes[v];
    }
    std::int64_t live = units_.given;
    for (std::int32_t i = 0; i < count(); ++i) {
      before[i] = live;
      const std::int64_t now = live + units_.gain.first[order[i]];
      live = now - during[i];
      during[i] = now;
    }
    list<std::int32_t> whole_last;
    if (units_.has_wholes()) {
      whole_last = last_;
      units_.gather(whole_last.first, latest);
    }
    const std::int32_t* const ends = units_.has_wholes() ? whole_last.first : last;
    std::int32_t overlaid = -1;  // a node's result lies over one operand
    for (const overlay& each : units_.overlays) {
      const std::int32_t at = position_.first[each.node];
      if (ends[each.operand] != at || overlaid == at) continue;
      overlaid = at;
      during[at] -= units_.whole_bytes(each.operand);
    }
    most_ = units_.given;
    for (std::int32_t i = 0; i < count(); ++i) {
      if (during[i] <= most_) continue;
      most_ = during[i];
      peak_ = i;
    }
  }

  // Between which positions the node at the peak may lie; none where it must not move.
  constexpr std::int32_t first() const { return peak_ > loss_position_ ? loss_position_ + 1 : 0; }
  constexpr std::int32_t behind() const { return peak_ < loss_position_ ? loss_position_ : tail_; }

  // Whether something alive at the peak might not be: least_ is the sum of what must.
  constexpr bool is_open() {
    if (peak_ == loss_position_ || peak_ >= tail_) return false;
    const node* const nodes = graph_.nodes.first;
    const std::int32_t *const operands = graph_.operands.first, *const order = order_.first;
    list<char> wanted(graph_.values.size(), 0), follows(graph_.values.size(), 0), needed = is_output_;
    list<char> before(graph_.nodes.size(), 0);
    const std::int32_t at_peak = order[peak_];
    const auto any = [&](const list<char>& of, const range& numbers) {
      for (std::int32_t i = numbers.begin; i < numbers.begin + numbers.count; ++i) {
        if (of.first[operands[i]] != 0) return true;
      }
      return false;
    };
    const auto set_operands = [&](list<char>& of, const node& current) {
      for (std::int32_t o = current.operands.begin; o < current.operands.begin + current.operands.count; ++o)
        of.first[operands[o]] = 1;
    };
    const auto set_results = [](list<char>& of, const node& current) {
      for (std::int32_t r = current.results.begin; r < current.results.begin + current.results.count; ++r)
        of.first[r] = 1;
    };
    // What the peak's node follows from.
    set_operands(wanted, nodes[at_peak]);
    for (std::int32_t i = peak_ - 1; i >= first(); --i) {
      const node& current = nodes[order[i]];
      bool is_wanted = false;
      for (std::int32_t r = current.results.begin; r < current.results.begin + current.results.count; ++r)
        is_wanted = is_wanted || wanted.first[r] != 0;
      if (!is_wanted) continue;
      before.first[order[i]] = 1;
      set_operands(wanted, current);
    }
    before.first[at_peak] = 1;
    // And what follows from it.
    set_results(follows, nodes[at_peak]);
    for (std::int32_t i = peak_ + 1; i < count(); ++i) {
      const node& current = nodes[order[i]];
      if (i < behind() && !any(follows, current.operands)) continue;
      set_results(follows, current);
      set_operands(needed, current);
    }
    const auto either = [](char& to, char from) { to = to != 0 || from != 0 ? 1 : 0; };
    units_.spread(needed.first, either);
    list<char> whole_needed = needed;
    units_.gather(whole_needed.first, either);
    std::int64_t overlaid = 0;
    for (const overlay& each : units_.overlays) {
      if (each.node == at_peak && whole_needed.first[each.operand] == 0) overlaid = units_.whole_bytes(each.operand);
    }
    set_operands(needed, nodes[at_peak]);
    set_results(needed, nodes[at_peak]);
    units_.spread(needed.first, either);
    least_ = -overlaid;
    const std::int64_t* const bytes = units_.bytes.first;
    for (std::int32_t v = 0; v < graph_.value_count(); ++v) {
      if (bytes[v] == 0 || needed.first[v] == 0) continue;
      const std::int32_t maker = units_.maker.first[v];
      if (maker < 0 || position_.first[maker] < first() || before.first[maker] != 0) least_ += bytes[v];
    }
    return least_ < most_;
  }

  constexpr bool improve(order_window<Capabilities>& window) {
    // Few nodes first: that is quick, and leaves the order as it was elsewhere.
    for (const std::int32_t size : {16, order_window<Capabilities>::most_nodes}) {
      std::int32_t begin = greater(first(), peak_ - size / 2);
      const std::int32_t end = lesser(behind(), begin + size);
      begin = greater(first(), end - size);
      if (!window.run(order_.first + begin, end - begin, begin, last_.first, before_.first[begin], least_, most_))
        continue;
      for (std::int32_t i = begin; i < end; ++i) position_.first[order_.first[i]] = i;
      return true;
    }
    return false;
  }

  graph_view graph_;
  live_units<Capabilities> units_;
  list<std::int32_t> order_, position_;  // the nodes in the present order; of each node where it stands there
  list<char> is_output_;                 // of each value
  list<std::int32_t> last_;              // of each value's unit the position of the node that frees it
  list<std::int64_t> during_, before_;   // the bytes alive while each node runs, and before it
  std::int64_t most_ = 0, least_ = 0;
  std::int32_t peak_ = 0, loss_position_ = -1, tail_ = 0;
};

}  // namespace v0
}  // namespace tenon
