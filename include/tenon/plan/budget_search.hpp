// SPDX-License-Identifier: Apache-2.0
// The search for retentions at run time, which may rate many: thousands a second.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/plan/reorder.hpp"
#include "tenon/plan/retention_search.hpp"

namespace tenon {
inline namespace v0 {

/// Retentions of a training graph, and what they come to.
struct found_retentions {
  list<retention> retained;
  retention_rating rating;
  std::int64_t arena_bytes = 0;  ///< after placement
};

/// Looks for the retentions of the least work whose arena takes at most so many bytes: by the whole of
/// retention_family; greedily, one node after the other, each the one that takes most from the bytes over the budget
/// for the work it adds; and from the better of both on by simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983),
/// which keeps, drops and holds single nodes and runs of them; in the end what there is room for is kept. The same
/// arguments give the same retentions.
/// requires: a laid-out training graph, which lives as long as the search
template <class Capabilities>
class budget_search {
 public:
  budget_search(const graph_view& laid_out, bool keep_gradients)
      : graph_(laid_out),
        live_(laid_out, graph_edits::dead_code::goes),
        family_(laid_out, live_),
        macs_(count_macs(laid_out)),
        keep_gradients_(keep_gradients) {}

  /// The best within `bytes`; if none is, one of as little memory as could be found. `tries` is how many retentions are
  /// rated greedily and how many by annealing; 0: the family alone. When a placement has gaps, the search goes on for a
  /// peak as many bytes lower.
  found_retentions run(std::int64_t bytes, std::int64_t tries, std::uint64_t seed) const {
    found_retentions best;
    std::int64_t target = bytes;
    for (int attempt = 0; attempt < 4; ++attempt) {
      std::vector<found_retentions> others;  // within the target, with little work, the least first
      found_retentions found = within(target);
      if (tries > 0) {
        for (const auto free : {retention_family::free_work::all, retention_family::free_work::moves}) {
          found_retentions other =
              keep_again(greedy(rated(family_.member(free, 0), target), target, tries / 2), target);
          if (is_better(other.rating, found.rating, target)) found = std::move(other);
        }
        found = keep_again(anneal(std::move(found), target, tries, seed, others), target);
      }
      found.arena_bytes = place(found.retained);
      // Where its placement has gaps, another's may have none.
      for (std::size_t i = 0; i < others.size() && found.arena_bytes > bytes; ++i) {
        others[i].arena_bytes = place(others[i].retained);
        if (others[i].arena_bytes <= bytes) found = others[i];
      }
      const bool fits = found.arena_bytes <= bytes;
      if (attempt == 0 || found.arena_bytes < best.arena_bytes) best = found;
      if (fits || found.rating.peak_bytes > target) break;
      target = found.rating.peak_bytes - (found.arena_bytes - bytes);
    }
    if (tries == 0) return best;
    found_retentions family = run(bytes, 0, seed);
    const bool is_within = family.arena_bytes <= bytes;
    return is_within && (best.arena_bytes > bytes || family.rating.macs < best.rating.macs) ? family : best;
  }

 private:
  found_retentions rated(list<retention> retained, std::int64_t bytes) const {
    found_retentions found{std::move(retained), {}};
    found.rating = rate_retentions<Capabilities>(graph_, live_, found.retained, keep_gradients_, bytes);
    return found;
  }

  std::int64_t place(const list<retention>& retained) const {
    const growing_graph made = reorder<Capabilities>(recomputer(graph_, live_, retained).run(), keep_gradients_);
    return make_plan<Capabilities>(made.view(), {true, keep_gradients_}).sizes.arena_bytes;
  }

  static bool is_better(const retention_rating& one, const retention_rating& other, std::int64_t bytes) {
    const bool fits = one.peak_bytes <= bytes, other_fits = other.peak_bytes <= bytes;
    if (fits != other_fits) return fits;
    if (fits && one.macs != other.macs) return one.macs < other.macs;
    return one.peak_bytes < other.peak_bytes;
  }

  // The best member of the family.
  found_retentions within(std::int64_t bytes) const {
    found_retentions best;
    for (int free = 0; free < retention_family::free_works; ++free) {
      for (std::int32_t convolutions = 0; convolutions <= family_.size(); ++convolutions) {
        found_retentions found =
            rated(family_.member(static_cast<retention_family::free_work>(free), convolutions), bytes);
        if (best.retained.empty() || is_better(found.rating, best.rating, bytes)) best = std::move(found);
      }
    }
    return best;
  }

  // What a rating costs: work in hundredths of the step's, and memory over the budget, at its peak and in all; the sum
  // falls with many a step that leaves the peak as it is.
  double cost_of(const retention_rating& rating, std::int64_t bytes, double weight) const {
    const double budget = static_cast<double>(bytes);
    const double over = static_cast<double>(greater<std::int64_t>(rating.peak_bytes - bytes, 0)) / budget;
    const double share = rating.excess / budget / static_cast<double>(graph_.node_count());
    return 100 * static_cast<double>(rating.macs - macs_) / static_cast<double>(macs_) + weight * (over + 4 * share);
  }

  // The nodes whose results are worth a decision.
  list<std::int32_t> nodes_for(std::int64_t bytes) const {
    list<std::int32_t> nodes;
    const std::int32_t loss = loss_node_of(graph_);
    for (std::int32_t i = 0; i < loss; ++i) {
      if (!can_run_again(graph_.node_at(i).op) || live_.vanishes(i)) continue;
      if (bytes_of(graph_.result_value(graph_.node_at(i)).extents) > bytes / 512) nodes.push_back(i);
    }
    return nodes;
  }

  found_retentions greedy(found_retentions present, std::int64_t bytes, std::int64_t tries) const {
    const list<std::int32_t> nodes = nodes_for(bytes);
    while (present.rating.peak_bytes > bytes && tries > 0) {
      found_retentions best;
      double most = 0;
      for (const std::int32_t i : nodes) {
        for (const retention what : {retention::kept, retention::recomputed, retention::recomputed_once}) {
          if (present.retained.first[i] == what) continue;
          found_retentions next;
          next.retained = present.retained;
          next.retained.first[i] = what;
          next = rated(std::move(next.retained), bytes);
          --tries;
          const double less = present.rating.excess - next.rating.excess;
          const auto work = static_cast<double>(next.rating.macs - present.rating.macs) / static_cast<double>(macs_);
          // What costs nothing comes first, and the more of it the more it takes away.
          const double worth = less / std::max(work, 2e-5);
          if (less <= 0 || worth <= most) continue;
          most = worth;
          best = std::move(next);
        }
      }
      if (most == 0) break;
      present = std::move(best);
    }
    return present;
  }

  // Keeps what need not run again after all: where the last step was a great one there is room.
  found_retentions keep_again(found_retentions best, std::int64_t bytes) const {
    if (best.rating.peak_bytes > bytes) return best;
    for (bool changed = true; changed;) {
      changed = false;
      for (const std::int32_t i : nodes_for(bytes)) {
        for (const retention what : {retention::kept, retention::recomputed_once}) {
          if (best.retained.first[i] == retention::kept || best.retained.first[i] == what) continue;
          found_retentions next;
          next.retained = best.retained;
          next.retained.first[i] = what;
          next = rated(std::move(next.retained), bytes);
          if (next.rating.peak_bytes > bytes || next.rating.macs >= best.rating.macs) continue;
          best = std::move(next);
          changed = true;
        }
      }
    }
    return best;
  }

  // Among so many others, those of the least work that fit by their peaks.
  static constexpr std::size_t most_others = 64;
  static constexpr int most_alike = 6;
  static void remember(std::vector<found_retentions>& others, const found_retentions& found) {
    std::size_t at = others.size();
    while (at > 0 && found.rating.macs < others[at - 1].rating.macs) --at;
    if (at == most_others) return;
    int alike = 0;
    for (const found_retentions& each : others) {
      if (each.rating.macs != found.rating.macs || each.rating.peak_bytes != found.rating.peak_bytes) continue;
      if (++alike == most_alike || std::equal(each.retained.begin(), each.retained.end(), found.retained.begin()))
        return;
    }
    if (others.size() == most_others) others.pop_back();
    others.insert(others.begin() + static_cast<std::ptrdiff_t>(at), found);
  }

  found_retentions anneal(found_retentions best, std::int64_t bytes, std::int64_t tries, std::uint64_t seed,
                          std::vector<found_retentions>& others) const {
    const list<std::int32_t> nodes = nodes_for(bytes);
    if (nodes.empty()) return best;
    const auto count = static_cast<std::int32_t>(nodes.size());
    random_stream random(seed);
    found_retentions present = best;
    for (std::int64_t turn = 0; turn < tries; ++turn) {
      const double done = static_cast<double>(turn) / static_cast<double>(tries);
      const double heat = 0.5 * std::pow(0.02, done), weight = 40 * std::pow(5, done);
      found_retentions next;
      next.retained = present.retained;
      const std::int32_t at = random.below(count), length = random.below(4) > 0 ? 1 : 1 + random.below(6);
      const auto what = static_cast<retention>(random.below(3));
      for (std::int32_t k = at; k < lesser(at + length, count); ++k) next.retained.first[nodes.first[k]] = what;
      next = rated(std::move(next.retained), bytes);
      if (next.rating.peak_bytes <= bytes) remember(others, next);
      const double worse = cost_of(next.rating, bytes, weight) - cost_of(present.rating, bytes, weight);
      const double chance = static_cast<double>(random.bits() >> 11) * 0x1p-53;
      if (worse > 0 && std::exp(-worse / heat) < chance) continue;
      present = std::move(next);
      if (is_better(present.rating, best.rating, bytes)) best = present;
    }
    return best;
  }

  graph_view graph_;
  graph_edits live_;
  retention_family family_;
  std::int64_t macs_;
  bool keep_gradients_;
};

}  // namespace v0
}  // namespace tenon
