// SPDX-License-Identifier: Apache-2.0
// The best order of a few nodes that follow one another, with the others where they are.
#pragma once

#include <array>
#include <cstdint>

#include "tenon/graph/dependences.hpp"
#include "tenon/plan/live_units.hpp"

namespace tenon {
inline namespace v0 {

/// Finds the order of at most 64 nodes in which the least memory is alive at once: the way from the set of none of them
/// to the set of all, each step one node that may run, whose greatest step is the least. It takes the steps that stay
/// under a limit, depth first; where no way leads on, the limit rises to the least step that was left out. A node that
/// makes nothing larger is taken at once, for it could only wait. Exact, but for the number of states, which is
/// limited.
template <class Capabilities>
class order_window {
  using set = std::uint64_t;  // a bit a node

 public:
  static constexpr std::int32_t most_nodes = 64;
  /// All windows together see so many states.
  static constexpr std::size_t most_states = 200;

  /// cost: nodes + operands
  constexpr order_window(const graph_view& graph, const live_units<Capabilities>& units)
      : graph_(graph), units_(units), must_(graph) {
    touching_.assign(graph.values.size(), 0);
    bit_.assign(graph.nodes.size(), -1);
    overlay_begin_.assign(graph.nodes.size() + 1, 0);
    std::int32_t at = 0;
    const auto overlays = static_cast<std::int32_t>(units.overlays.size());
    for (std::int32_t i = 0; i <= graph.node_count(); ++i) {
      while (at < overlays && units.overlays.first[at].node < i) ++at;
      overlay_begin_.first[i] = at;
    }
  }

  /// Whether there is an order that stays below `most`; if so, `nodes` are in the best. They stand at `position`;
  /// `last` has of each value's unit where it is freed, `live` is what is alive before them, `least` a limit that no
  /// order can stay below.
  constexpr bool run(std::int32_t* nodes, std::int32_t count, std::int32_t position, const std::int32_t* last,
                     std::int64_t live, std::int64_t least, std::int64_t most) {
    nodes_ = nodes;
    count_ = count;
    for (std::int32_t k = 0; k < count; ++k) bit_.first[nodes[k]] = k;
    find_dependences();
    find_units(position + count, last);
    for (std::int32_t k = 0; k < count; ++k) bit_.first[nodes[k]] = -1;
    const std::int32_t reached = search(live, least, most);
    seen_ += states_.size();
    for (const std::int32_t v : touched_) touching_.first[v] = 0;
    if (reached < 0) return false;
    list<std::int32_t> made(static_cast<std::size_t>(count), 0);
    std::int32_t at = reached;
    for (std::int32_t k = count - 1; k >= 0; --k) {
      made.first[k] = nodes[states_.first[at].step];
      at = states_.first[at].before;
    }
    for (std::int32_t k = 0; k < count; ++k) nodes[k] = made.first[k];
    return true;
  }

 private:
  static constexpr std::size_t table_size = 2048;

  // Nodes that have run, those that may run next, and what is alive.
  struct state {
    set done, ready;
    std::int64_t live;
    std::int32_t before, step;
  };
  struct blocked_step {
    std::int32_t from, step;
    std::int64_t during;
  };

  static constexpr set bit(std::int32_t k) { return set{1} << k; }

  constexpr void find_dependences() {
    for (std::int32_t k = 0; k < count_; ++k) before_[k] = after_[k] = 0;
    for (std::int32_t k = 0; k < count_; ++k) {
      const std::int32_t behind = must_.begin.first[nodes_[k] + 1];
      for (std::int32_t i = must_.begin.first[nodes_[k]]; i < behind; ++i) {
        const std::int32_t other = bit_.first[must_.before.first[i]];
        if (other < 0) continue;
        before_[k] |= bit(other);
        after_[other] |= bit(k);
      }
    }
  }

  constexpr void touch(std::int32_t value, set by) {
    set& known = touching_.first[value];
    if (known == 0) touched_.push_back(value);
    known |= by;
  }

  // Of each node the units that it makes or reads and that are freed within the window, and what it may overwrite.
  constexpr void find_units(std::int32_t end, const std::int32_t* last) {
    touched_.clear();
    for (std::int32_t k = 0; k < count_; ++k) {
      const node& current = graph_.nodes.first[nodes_[k]];
      for (std::int32_t r = 0; r < current.results.count; ++r) touch(current.results.begin + r, bit(k));
      for (std::int32_t o = 0; o < current.operands.count; ++o) touch(graph_.operand(current, o), bit(k));
    }
    set* const touching = touching_.first;
    units_.spread(touching, [&](set& to, set from) {
      if (to == 0 && from != 0) touched_.push_back(static_cast<std::int32_t>(&to - touching));
      to |= from;
    });
    for (std::int32_t k = 0; k <= count_; ++k) unit_begin_[k] = 0;
    const auto is_freed = [&](std::int32_t v) { return units_.bytes.first[v] != 0 && last[v] < end; };
    for (const std::int32_t v : touched_) {
      if (!is_freed(v)) continue;
      for (set rest = touching[v]; rest != 0; rest &= rest - 1) ++unit_begin_[first_of(rest) + 1];
    }
    for (std::int32_t k = 0; k < count_; ++k) unit_begin_[k + 1] += unit_begin_[k];
    unit_.assign(static_cast<std::size_t>(unit_begin_[count_]), 0);
    std::array<std::int32_t, most_nodes> next{};
    for (std::int32_t k = 0; k < count_; ++k) next[static_cast<std::size_t>(k)] = unit_begin_[k];
    for (const std::int32_t v : touched_) {
      if (!is_freed(v)) continue;
      for (set rest = touching[v]; rest != 0; rest &= rest - 1)
        unit_.first[next[static_cast<std::size_t>(first_of(rest))]++] = v;
    }
    find_overlays(end, last);
  }

  constexpr void find_overlays(std::int32_t end, const std::int32_t* last) {
    list<set> whole_touching;
    list<std::int32_t> whole_last;
    if (units_.has_wholes()) {
      whole_touching = touching_;
      units_.gather(whole_touching.first, [](set& to, set from) { to |= from; });
      whole_last.append(last, graph_.values.size());
      units_.gather(whole_last.first, [](std::int32_t& to, std::int32_t from) { to = greater(to, from); });
    }
    const set* const touching = units_.has_wholes() ? whole_touching.first : touching_.first;
    const std::int32_t* const ends = units_.has_wholes() ? whole_last.first : last;
    overlaid_.clear();
    for (std::int32_t k = 0; k < count_; ++k) {
      overlaid_begin_[k] = static_cast<std::int32_t>(overlaid_.size());
      overlaid_bytes_[k] = 0;
      for (std::int32_t i = overlay_begin_.first[nodes_[k]]; i < overlay_begin_.first[nodes_[k] + 1]; ++i) {
        const std::int32_t under = units_.overlays.first[i].operand;
        if (ends[under] >= end) continue;
        overlaid_.push_back(touching[under]);
        overlaid_bytes_[k] = units_.whole_bytes(under);
      }
    }
    overlaid_begin_[count_] = static_cast<std::int32_t>(overlaid_.size());
  }

  static constexpr std::int32_t first_of(set of) { return static_cast<std::int32_t>(__builtin_ctzll(of)); }

  // What node k does after a state.
  struct outcome {
    std::int64_t during, live;
  };
  constexpr outcome outcome_of(const state& from, std::int32_t k) const {
    const set left = ~(from.done | bit(k));
    outcome found{from.live + units_.gain.first[nodes_[k]], 0};
    found.live = found.during;
    for (std::int32_t i = unit_begin_[k]; i < unit_begin_[k + 1]; ++i) {
      const std::int32_t unit = unit_.first[i];
      if ((touching_.first[unit] & left) == 0) found.live -= units_.bytes.first[unit];
    }
    for (std::int32_t i = overlaid_begin_[k]; i < overlaid_begin_[k + 1]; ++i) {
      if ((overlaid_.first[i] & left) != 0) continue;
      found.during -= overlaid_bytes_[k];
      break;
    }
    return found;
  }

  // Gives the state if it is one that all nodes have run in, else -1.
  constexpr std::int32_t enter(std::int32_t from, std::int32_t k, std::int64_t live) {
    const set done = states_.first[from].done | bit(k);
    std::size_t at = static_cast<std::size_t>(done * 0x9E3779B97F4A7C15u >> 53);
    while (table_.first[at] >= 0) {
      if (states_.first[table_.first[at]].done == done) return -1;
      at = (at + 1) % table_size;
    }
    const auto number = static_cast<std::int32_t>(states_.size());
    table_.first[at] = number;
    set ready = states_.first[from].ready & ~bit(k);
    for (set rest = after_[k]; rest != 0; rest &= rest - 1) {
      const std::int32_t next = first_of(rest);
      if ((before_[next] & ~done) == 0) ready |= bit(next);
    }
    states_.push_back({done, ready, live, from, k});
    stack_.push_back(number);
    return ready == 0 ? number : -1;
  }

  constexpr std::int32_t search(std::int64_t live, std::int64_t limit, std::int64_t most) {
    states_.clear();
    stack_.clear();
    blocked_.clear();
    table_.assign(table_size, -1);
    set ready = 0;
    for (std::int32_t k = 0; k < count_; ++k) {
      if (before_[k] == 0) ready |= bit(k);
    }
    states_.push_back({0, ready, live, -1, -1});
    stack_.push_back(0);
    while (true) {
      while (!stack_.empty()) {
        if (seen_ + states_.size() > most_states) return -1;
        const std::int32_t from = stack_.back();
        stack_.pop_back();
        const std::int32_t reached = expand(from, limit, most);
        if (reached >= 0) return reached;
      }
      if (blocked_.empty()) return -1;
      limit = most;
      for (const blocked_step& each : blocked_) limit = lesser(limit, each.during);
      std::size_t kept = 0;
      for (std::size_t i = 0; i < blocked_.size(); ++i) {
        const blocked_step each = blocked_.first[i];
        if (each.during > limit) {
          blocked_.first[kept++] = each;
          continue;
        }
        const std::int32_t reached = enter(each.from, each.step, outcome_of(states_.first[each.from], each.step).live);
        if (reached >= 0) return reached;
      }
      blocked_.shorten(kept);
    }
  }

  constexpr std::int32_t expand(std::int32_t from, std::int64_t limit, std::int64_t most) {
    const state present = states_.first[from];
    std::array<outcome, most_nodes> outcomes{};
    for (set rest = present.ready; rest != 0; rest &= rest - 1) {
      const std::int32_t k = first_of(rest);
      const outcome found = outcome_of(present, k);
      // What could only wait.
      if (found.during <= limit && found.live <= present.live) return enter(from, k, found.live);
      outcomes[static_cast<std::size_t>(k)] = found;
    }
    std::int32_t reached = -1;
    // The last that is entered is the first that is looked at: what stood first.
    for (std::int32_t k = count_ - 1; k >= 0; --k) {
      if ((present.ready & bit(k)) == 0) continue;
      const outcome& found = outcomes[static_cast<std::size_t>(k)];
      if (found.during <= limit) {
        reached = greater(reached, enter(from, k, found.live));
      } else if (found.during < most) {
        blocked_.push_back({from, k, found.during});
      }
    }
    return reached;
  }

  graph_view graph_;
  const live_units<Capabilities>& units_;
  dependences must_;
  list<std::int32_t> bit_, overlay_begin_;  // of each node its bit in the window or -1; its first overlay
  list<set> touching_;                      // of each value's unit the nodes of the window that make it or read it
  list<std::int32_t> touched_;              // the values of which there are any
  std::int32_t* nodes_ = nullptr;
  std::int32_t count_ = 0;
  std::size_t seen_ = 0;
  set before_[most_nodes]{}, after_[most_nodes]{};
  std::int32_t unit_begin_[most_nodes + 1]{}, overlaid_begin_[most_nodes + 1]{};
  std::int64_t overlaid_bytes_[most_nodes]{};
  list<std::int32_t> unit_;
  list<set> overlaid_;
  list<state> states_;
  list<std::int32_t> stack_, table_;
  list<blocked_step> blocked_;
};

}  // namespace v0
}  // namespace tenon
