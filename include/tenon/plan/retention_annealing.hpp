// SPDX-License-Identifier: Apache-2.0
// The search for retentions that takes its time.
#pragma once

#include <cmath>

#include "tenon/core/random.hpp"
#include "tenon/plan/retention_model.hpp"

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

  /// Simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983): changes single entries and short runs of them. Ends with
  /// the least work that was found within the budget; if nothing was, with the least memory.
  void anneal(std::int64_t budget, std::int64_t tries, std::uint64_t seed) {
    list<std::size_t> choices;
    for (std::size_t e = 0; e < model_.size(); ++e)
      if (model_.is_choice(e, budget / 512)) choices.push_back(e);
    if (choices.empty()) return;
    const auto count = static_cast<std::int32_t>(choices.size());
    random_stream random(seed);
    list<retention> present = model_.retained(), best = present;
    model_.simulate(budget);
    outcome best_yet{model_.peak(), model_.added_macs()};
    double weight = 40, cost = cost_now(budget, weight);
    for (std::int64_t turn = 0; turn < tries; ++turn) {
      const double done = static_cast<double>(turn) / static_cast<double>(tries), heat = 0.5 * std::pow(0.02, done);
      model_.retained() = present;
      if (turn % 256 == 0) {  // the longer, the more memory over the budget weighs
        weight = 40 * std::pow(5, done);
        model_.simulate(budget);
        cost = cost_now(budget, weight);
      }
      const std::int32_t at = random.below(count), length = random.below(4) > 0 ? 1 : 1 + random.below(6);
      const auto what = static_cast<retention>(random.below(3));
      for (std::int32_t k = at; k < lesser(at + length, count); ++k) model_.retained().first[choices.first[k]] = what;
      model_.simulate(budget);
      const double next = cost_now(budget, weight), worse = next - cost;
      const double chance = static_cast<double>(random.bits() >> 11) * 0x1p-53;
      if (worse > 0 && std::exp(-worse / heat) < chance) continue;
      present = model_.retained();
      cost = next;
      const outcome now{model_.peak(), model_.added_macs()};
      if (!now.is_better(best_yet, budget)) continue;
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
  struct outcome {
    std::int64_t peak, macs;
    bool is_better(const outcome& other, std::int64_t budget) const {
      const bool fits = peak <= budget, other_fits = other.peak <= budget;
      if (fits != other_fits) return fits;
      if (fits) return macs < other.macs;
      return peak < other.peak;
    }
  };

  // Work below this share of the step's counts as much.
  static constexpr double least_work = 2e-4;

  double share_of(std::int64_t macs) const {
    return static_cast<double>(macs) / static_cast<double>(greater<std::int64_t>(model_.total_macs(), 1));
  }

  // Work in hundredths of the step's, and memory over the budget, at its peak and in all; the sum falls with many a
  // change that leaves the peak as it is.
  double cost_now(std::int64_t budget, double weight) const {
    const auto bytes = static_cast<double>(budget);
    const double over = static_cast<double>(greater<std::int64_t>(model_.peak() - budget, 0)) / bytes;
    const double all = static_cast<double>(model_.excess()) / bytes / static_cast<double>(model_.profile().size());
    return 100 * share_of(model_.added_macs()) + weight * (over + 4 * all);
  }

  bool down_to(std::int64_t budget) {
    for (model_.simulate(budget); model_.excess() > 0;) {
      const std::int64_t excess = model_.excess(), macs = model_.added_macs();
      double most = 0;
      change best;
      for (std::size_t e = 0; e < model_.size(); ++e) {
        if (!model_.is_choice(e, budget / 512)) continue;
        const retention before = model_.retained().first[e];
        for (const retention what : {retention::kept, retention::recomputed, retention::recomputed_once}) {
          if (what == before) continue;
          model_.retained().first[e] = what;
          model_.simulate(budget);
          const double work = share_of(model_.added_macs() - macs);
          const double worth = static_cast<double>(excess - model_.excess()) / (work > least_work ? work : least_work);
          if (worth <= most) continue;
          most = worth;
          best = {e, what};
        }
        model_.retained().first[e] = before;
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
