// SPDX-License-Identifier: Apache-2.0
// The search for retentions at run time, which may try many: thousands a second.
#pragma once

#include <algorithm>
#include <vector>

#include "tenon/plan/reorder.hpp"
#include "tenon/plan/retention_annealing.hpp"
#include "tenon/plan/retention_descent.hpp"
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
/// retention_family, and by a model of the memory that single changes are tried on, first greedily and then by
/// simulated annealing; what the model finds is rated, and the model calibrated with it, again and again. The same
/// arguments give the same retentions.
/// requires: a laid-out training graph, which lives as long as the search
template <class Capabilities>
class budget_search {
 public:
  budget_search(const graph_view& laid_out, bool keep_gradients)
      : graph_(laid_out),
        live_(laid_out, graph_edits::dead_code::goes),
        family_(laid_out, live_),
        keep_gradients_(keep_gradients) {
    for (int free = 0; free < retention_family::free_works; ++free) {
      for (std::int32_t convolutions = 0; convolutions <= family_.size(); ++convolutions) {
        const auto of = static_cast<retention_family::free_work>(free);
        members_.push_back({of, convolutions, rated(family_.member(of, convolutions)).rating});
      }
    }
    by_default_ = rated(family_.member(retention_family::free_work::by_default, 0));
    by_default_.arena_bytes = place(by_default_.retained);
    members_.push_back({retention_family::free_work::by_default, 0, by_default_.rating});
    std::stable_sort(members_.begin(), members_.end(), [](const member& one, const member& other) {
      return one.rating.peak_bytes < other.rating.peak_bytes;
    });
  }

  /// The best within `bytes`; if none is, one of as little memory as could be found. `tries` is how many retentions are
  /// tried by annealing; 0: the family alone, 1: what the compiler tries too. When a placement has gaps, the search
  /// goes on for a peak as many bytes lower, and in the end takes the least peak: what is the least for any budget is
  /// within its own.
  found_retentions run(std::int64_t bytes, std::int64_t tries, std::uint64_t seed) const {
    found_retentions best;
    std::int64_t target = bytes;
    for (int attempt = 0; attempt < 4; ++attempt) {
      choices others;
      found_retentions found = within(target);
      if (tries > 0) improve(found, others, target, tries, seed);
      found.arena_bytes = place(found.retained);
      // Where its placement has gaps, another's may have none.
      for (std::vector<found_retentions>* each : {&others.least, &others.front}) {
        for (std::size_t i = 0; i < each->size() && found.arena_bytes > bytes; ++i) {
          found_retentions& other = (*each)[i];
          other.arena_bytes = place(other.retained);
          if (other.arena_bytes <= bytes) found = std::move(other);
        }
      }
      const bool fits = found.arena_bytes <= bytes;
      const std::int64_t peak = found.rating.peak_bytes, gaps = found.arena_bytes - bytes;
      if (attempt == 0 || found.arena_bytes < best.arena_bytes) best = std::move(found);
      if (fits || peak > target) break;
      target = peak - gaps;
    }
    // The same few for every budget, so that what is the least for one is found for all.
    for (std::size_t i = 0; i < members_.size() && i < most_least && best.arena_bytes > bytes; ++i) {
      found_retentions least = made_of(members_[i]);
      if (least.rating.peak_bytes >= best.arena_bytes) break;
      least.arena_bytes = place(least.retained);
      if (least.arena_bytes < best.arena_bytes) best = std::move(least);
    }
    if (tries > 0 && best.arena_bytes > bytes) {
      choices others;
      found_retentions least = within(1);
      improve(least, others, 1, tries, seed);
      least.arena_bytes = place(least.retained);
      if (least.arena_bytes < best.arena_bytes) best = std::move(least);
    }
    if (is_better({by_default_.arena_bytes, by_default_.rating.macs}, {best.arena_bytes, best.rating.macs}, bytes))
      best = by_default_;
    if (tries == 0) return best;
    found_retentions family = run(bytes, 0, seed);
    const bool is_within = family.arena_bytes <= bytes;
    return is_within && (best.arena_bytes > bytes || family.rating.macs < best.rating.macs) ? family : best;
  }

 private:
  // What is within a budget by its peak, but perhaps not when it is placed.
  struct choices {
    std::vector<found_retentions> least;  // those of the least work, which rises
    std::vector<found_retentions> front;  // those than which none takes both less work and less memory; work rises

    void add(const found_retentions& found) {
      constexpr std::size_t most = 160;
      const auto is_same = [&](const found_retentions& each) {
        return each.rating.macs == found.rating.macs &&
               std::equal(each.retained.begin(), each.retained.end(), found.retained.begin());
      };
      if (std::none_of(least.begin(), least.end(), is_same)) insert(least, found);
      if (least.size() > most) least.pop_back();
      const auto beats = [](const retention_rating& one, const retention_rating& other) {
        return one.macs <= other.macs && one.peak_bytes <= other.peak_bytes;
      };
      for (const found_retentions& each : front) {
        if (beats(each.rating, found.rating)) return;
      }
      std::erase_if(front, [&](const found_retentions& each) { return beats(found.rating, each.rating); });
      insert(front, found);
    }

    static void insert(std::vector<found_retentions>& into, const found_retentions& found) {
      const auto at = std::find_if(into.begin(), into.end(),
                                   [&](const found_retentions& each) { return each.rating.macs > found.rating.macs; });
      into.insert(at, found);
    }
  };

  struct member {
    retention_family::free_work free;
    std::int32_t convolutions;
    retention_rating rating;
  };

  static constexpr std::size_t most_least = 12;  // of the least peaks, how many are placed where no budget is met
  // How often what the model has found is rated and the model calibrated with it.
  static constexpr int rounds = 4;
  static constexpr int starts = 16;
  static constexpr int most_lower = 12;
  static constexpr std::int64_t most_simulations = 4000;
  static constexpr std::size_t most_small = 160;  // forward nodes of a network that is rated quickly

  found_retentions rated(list<retention> retained, list<std::int64_t>* profile = nullptr) const {
    found_retentions found{std::move(retained), {}};
    found.rating = rate_retentions<Capabilities>(graph_, live_, found.retained, keep_gradients_, profile);
    return found;
  }

  std::int64_t place(const list<retention>& retained) const {
    const growing_graph made = step_with<Capabilities>(graph_, retained, keep_gradients_);
    return make_plan<Capabilities>(made.view(), {true, keep_gradients_}).sizes.arena_bytes;
  }

  // The best member of the family.
  found_retentions within(std::int64_t bytes) const {
    const member* best = &members_.front();
    for (const member& each : members_) {
      if (is_better(each.rating, best->rating, bytes)) best = &each;
    }
    return made_of(*best);
  }

  found_retentions made_of(const member& of) const { return {family_.member(of.free, of.convolutions), of.rating}; }

  // Whether what is found is better than the best, in whose place it is put then.
  static bool consider(const found_retentions& found, found_retentions& best, choices& others, std::int64_t bytes) {
    if (found.rating.peak_bytes <= bytes) others.add(found);
    if (!is_better(found.rating, best.rating, bytes)) return false;
    best = found;
    return true;
  }

  // Lets a search change a model that is calibrated with what was rated last, and rates what it has come to.
  template <class Search>
  void go_on(retention_model& model, found_retentions& present, list<std::int64_t>& profile,
             const Search& search) const {
    model.take(present.retained);
    model.calibrate(profile);
    search();
    model.give(present.retained);
    present = rated(std::move(present.retained), &profile);
  }

  // Puts something better in the place of `best`, if it finds it. All that is within the bytes comes to `others` too.
  void improve(found_retentions& best, choices& others, std::int64_t bytes, std::int64_t tries,
               std::uint64_t seed) const {
    using enum retention_family::free_work;
    // Nothing is better than what adds no work.
    if (best.rating.peak_bytes <= bytes && best.rating.macs == count_macs(graph_)) return;
    retention_model model(graph_, live_);
    retention_annealing search(model);
    list<std::int64_t> profile;
    const auto descend = [&](retention_family::free_work from, std::int64_t target) {
      found_retentions present = rated(family_.member(from, 0), &profile);
      for (int round = 0; round < 2; ++round) {
        go_on(model, present, profile, [&] {
          retention_descent::progress at;
          retention_descent(model).run(target, at, most_simulations);
        });
        consider(present, best, others, bytes);
      }
    };
    // The compiler's search takes milliseconds: for lower budgets too, since of some the placement has no gaps.
    for (int lower = 0; lower < 2 * most_lower; ++lower)
      descend(lower % 2 == 0 ? all : moves, bytes - bytes / 200 * (lower / 2));
    // And for higher ones, the same for every budget: what a step down from one drops may be enough for this one.
    for (std::int64_t target = members_.back().rating.peak_bytes; target > bytes && target >= 16; target -= target / 16)
      if (target < bytes + bytes / 2) descend(all, target);
    if (tries < starts * rounds) return;
    for (int start = 0; start < starts; ++start) {
      found_retentions present = rated(family_.member(start % 2 == 0 ? all : moves, 0), &profile);
      // Some lower than need be: what has gaps in its placement fits then.
      std::int64_t target = bytes - bytes * (start / 4) / 64;
      for (int round = 0; round < rounds; ++round) {
        go_on(model, present, profile, [&] {
          // Greedily from the start, or by annealing alone: neither is always better.
          if (round == 0 && start < 4) return search.descend(target, start >= 2);
          search.anneal(target, tries / (starts * rounds), seed + static_cast<std::uint64_t>(start * rounds + round));
          search.keep_again(target);
        });
        // What the model took for less than it was.
        if (present.rating.peak_bytes > target && model.excess() == 0)
          target -= (present.rating.peak_bytes - target) / 2;
        consider(present, best, others, bytes);
      }
    }
    if (model.size() <= most_small) anneal(best, others, bytes, model, model.size() <= 32 ? tries : tries / 10, seed);
    polish(best, others, bytes, model);
  }

  // What the model takes for possible is not all that is: of networks that are rated quickly single changes and runs of
  // them are annealed by ratings too.
  void anneal(found_retentions& best, choices& others, std::int64_t bytes, const retention_model& model,
              std::int64_t tries, std::uint64_t seed) const {
    list<std::int32_t> nodes;
    for (std::size_t e = 0; e < model.size(); ++e)
      if (model.is_choice(e, bytes / 512)) nodes.push_back(model.node_of(e));
    if (nodes.empty()) return;
    list<std::int64_t> profile;
    const auto cost_of = [&](const retention_rating& rating, double weight) {
      std::int64_t excess = 0;
      for (const std::int64_t at : profile) excess += greater<std::int64_t>(at - bytes, 0);
      return annealing_schedule::cost(model.share_of(rating.macs), rating.peak_bytes, excess, profile.size(), bytes,
                                      weight);
    };
    annealing_schedule schedule(nodes, tries, seed);
    found_retentions present = rated(best.retained, &profile);
    double cost = cost_of(present.rating, schedule.weight(0));
    for (std::int64_t turn = 0; turn < tries; ++turn) {
      list<retention> next = present.retained;
      schedule.change(next);
      found_retentions changed = rated(std::move(next), &profile);
      const double changed_cost = cost_of(changed.rating, schedule.weight(turn));
      if (changed.rating.peak_bytes <= bytes) others.add(changed);
      if (!schedule.accepts(changed_cost - cost, turn)) continue;
      if (is_better(changed.rating, best.rating, bytes)) best = changed;
      present = std::move(changed);
      cost = changed_cost;
    }
  }

  // Rates single changes, and takes each that is better, until none is.
  void polish(found_retentions& best, choices& others, std::int64_t bytes, const retention_model& model) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t e = 0; e < model.size(); ++e) {
        if (!model.is_choice(e, bytes / 512)) continue;
        for (const retention what : {retention::kept, retention::recomputed, retention::recomputed_once}) {
          list<retention> next = best.retained;
          next.first[model.node_of(e)] = what;
          changed = consider(rated(std::move(next)), best, others, bytes) || changed;
        }
      }
    }
  }

  graph_view graph_;
  graph_edits live_;
  retention_family family_;
  bool keep_gradients_;
  found_retentions by_default_;
  std::vector<member> members_;  // of the family, all of them, by their peaks
};

}  // namespace v0
}  // namespace tenon
