// SPDX-License-Identifier: Apache-2.0
// The search for retentions that takes its time.
#pragma once

#include "tenon/plan/annealing_schedule.hpp"
#include "tenon/plan/retention_model.hpp"
#include "tenon/plan/retention_search.hpp"

namespace tenon {
inline namespace v0 {

/// Changes the retentions of a model, by simulation of each change, towards the least work within a budget.
class retention_annealing {
 public:
  explicit retention_annealing(retention_model& model) : model_(model) {}

  /// Lets the peak fall to a budget in steps of a tenth, so that each step may build on what the one before it found:
  /// in each the change of one entry that takes most from what is over the budget for the work it adds, again and
  /// again; then what there is room for is kept.
  /// With `at_once` in a single step.
  void descend(std::int64_t budget, bool at_once) {
    model_.simulate(budget);
    std::int64_t target = model_.peak();
    do {
      target = at_once ? budget : greater(budget, target / 10 * 9);
      if (!down_to(target)) return;
      keep_again(target);
    } while (target > budget);
  }

  /// Keeps again what there is room for, the most work first.
  void keep_again(std::int64_t budget) {
    for (bool changed = true; changed;) {
      changed = false;
      model_.simulate(budget);
      std::int64_t least = model_.added_macs();
      change best;
      for (std::size_t e = 0; e < model_.size(); ++e) {
        const retention before = model_.retained().first[e];
        if (before == retention::kept || model_.first_need(e) < 0) continue;
        for (const retention what : {retention::kept, retention::recomputed_once}) {
          if (what == before) continue;
          model_.retained().first[e] = what;
          model_.simulate(budget);
          if (model_.excess() > 0 || model_.added_macs() >= least) continue;
          least = model_.added_macs();
          best = {e, what};
          changed = true;
        }
        model_.retained().first[e] = before;
        model_.simulate(budget);
      }
      if (changed) model_.retained().first[best.entry] = best.what;
    }
    model_.simulate(budget);
  }

  /// Simulated annealing. Ends with the least work that was found within the budget; if nothing was, with the least
  /// memory.
  void anneal(std::int64_t budget, std::int64_t tries, std::uint64_t seed) {
    list<std::int32_t> choices;
    for (std::size_t e = 0; e < model_.size(); ++e)
      if (model_.is_choice(e, budget / 512)) choices.push_back(static_cast<std::int32_t>(e));
    if (choices.empty()) return;
    annealing_schedule schedule(choices, tries, seed);
    list<retention> present = model_.retained(), best = present;
    model_.simulate(budget);
    retention_rating best_yet{model_.peak(), model_.added_macs()};
    double weight = schedule.weight(0), cost = cost_now(budget, weight);
    for (std::int64_t turn = 0; turn < tries; ++turn) {
      model_.retained() = present;
      if (turn % 256 == 0) {
        weight = schedule.weight(turn);
        model_.simulate(budget);
        cost = cost_now(budget, weight);
      }
      schedule.change(model_.retained());
      model_.simulate(budget);
      const double next = cost_now(budget, weight);
      if (!schedule.accepts(next - cost, turn)) continue;
      present = model_.retained();
      cost = next;
      const retention_rating now{model_.peak(), model_.added_macs()};
      if (!is_better(now, best_yet, budget)) continue;
      best_yet = now;
      best = present;
    }
    model_.retained() = best;
    model_.simulate(budget);
  }

 private:
  struct change {
    std::size_t entry = 0;
    retention what = retention::kept;
  };
  double cost_now(std::int64_t budget, double weight) const {
    return annealing_schedule::cost(model_.share_of(model_.added_macs()), model_.peak(), model_.excess(),
                                    model_.profile().size(), budget, weight);
  }

  bool down_to(std::int64_t budget) {
    for (model_.simulate(budget); model_.excess() > 0;) {
      const std::int64_t excess = model_.excess(), macs = model_.added_macs();
      double most = 0;
      change best;
      for (std::size_t e = 0; e < model_.size(); ++e) {
        if (!model_.is_choice(e, budget / 512)) continue;
        for (const retention what : {retention::kept, retention::recomputed, retention::recomputed_once}) {
          if (what == model_.retained().first[e]) continue;
          const double worth = model_.try_change(e, what, budget, excess, macs);
          if (worth <= most) continue;
          most = worth;
          best = {e, what};
        }
      }
      if (most > 0) model_.retained().first[best.entry] = best.what;
      model_.simulate(budget);
      if (most <= 0) return false;
    }
    return true;
  }

  retention_model& model_;
};

}  // namespace v0
}  // namespace tenon
