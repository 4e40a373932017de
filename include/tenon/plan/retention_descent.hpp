// SPDX-License-Identifier: Apache-2.0
// The search for retentions that is quick enough for compilers.
#pragma once

#include "tenon/plan/retention_model.hpp"

namespace tenon {
inline namespace v0 {

/// Lets the peak of a model fall to a budget in steps, so that each step may build on what the one before it found:
/// drops one result after the other, each time that which takes most from what is over the budget for the work it adds,
/// by its live range and its operands' to choose a few and by simulation to choose of those; then keeps again what
/// there is room for. It can stop after any number of simulations and go on, since compilers limit how much one
/// constant may take.
class retention_descent {
 public:
  /// How far it is.
  struct progress {
    std::int64_t target = 0;       ///< the peak of the present step; 0: before the first
    bool keeps_again = false;      ///< it is within the target
    std::int32_t kept_entry = -1;  ///< what was tried last to be kept again; -1: nothing yet
    std::int32_t scanned = -1;     ///< changes of all that could be that were tried since nothing else helped; -1: none
    std::int32_t best_change = -1;  ///< the best of them
    double best_worth = 0;
    bool ended = false;  ///< within the budget, or nothing helps any more
  };

  constexpr explicit retention_descent(retention_model& model)
      : model_(model), careful_(model.size() <= most_careful), candidates_(careful_ ? 8 : 4) {}

  /// How many simulations one constant may take; what else is to be done for it takes as much as a few.
  static constexpr std::int64_t simulations_at_once(std::size_t entries) {
#ifdef __clang__
    constexpr std::int64_t most = 2'200;  // a million steps
#else
    constexpr std::int64_t most = 5'000;
#endif
    return greater<std::int64_t>(most / static_cast<std::int64_t>(entries + 1), 2);
  }

  /// Goes on for so many simulations.
  constexpr void run(std::int64_t budget, progress& at, std::int64_t most_simulations) {
    left_ = most_simulations;
    if (at.target == 0) {
      simulate(budget);
      at.target = next_target(budget, model_.peak());
    }
    while (!at.ended) {
      simulate(at.target);
      if (!at.keeps_again) {
        while (model_.excess() > 0) {
          if (left_ <= 0) return;
          if (at.scanned < 0 && drop_one(at.target)) continue;
          if (!careful_ || !change_any(at)) {
            at.ended = true;
            return;
          }
        }
        at.keeps_again = true;
        at.kept_entry = -1;
      }
      while (keep_one(at)) {
        if (left_ <= 0) return;
      }
      at.ended = at.target == budget;
      at.target = next_target(budget, at.target);
      at.keeps_again = false;
    }
  }

 private:
  struct candidate {
    std::size_t entry = 0;
    double worth = 0;  // bytes for work
    double bytes = 0;  // over the budget, summed over the times, that it may take away
    retention what = retention::kept;
  };
  static constexpr std::int32_t most_candidates = 16;
  // Larger networks, in which blocks repeat, drop several results at once.
  static constexpr std::size_t most_careful = 150;

  constexpr std::int64_t next_target(std::int64_t budget, std::int64_t peak) const {
    return greater(budget, careful_ ? peak / 10 * 9 : peak / 5 * 4);
  }

  constexpr void simulate(std::int64_t budget) {
    model_.simulate(budget);
    --left_;
  }

  constexpr double try_change(std::size_t entry, retention what, std::int64_t budget, std::int64_t excess,
                              std::int64_t macs) {
    --left_;
    return model_.try_change(entry, what, budget, excess, macs);
  }

  constexpr bool is_dropped(std::size_t entry) const {
    return model_.retained().first[entry] != retention::kept && model_.first_need(entry) >= 0;
  }

  constexpr retention dropped(std::size_t entry) const {
    return model_.macs(entry) > 0 ? retention::recomputed_once : retention::recomputed;
  }

  // Keeps the next result again, those of most work first, if there is room; whether there was one to try.
  constexpr bool keep_one(progress& at) {
    std::size_t best = model_.size();
    for (std::size_t e = 0; e < model_.size(); ++e) {
      const std::int64_t macs = model_.macs(e);
      if (macs == 0 || !is_dropped(e)) continue;
      if (is_tried(e, at.kept_entry)) continue;
      if (best < model_.size() && macs <= model_.macs(best)) continue;
      if (has_room(e, at.target)) best = e;
    }
    if (best == model_.size()) return false;
    at.kept_entry = static_cast<std::int32_t>(best);
    const retention before = model_.retained().first[best];
    model_.retained().first[best] = retention::kept;
    simulate(at.target);
    if (model_.excess() == 0) return true;
    model_.retained().first[best] = before;
    simulate(at.target);
    return true;
  }

  // Whether an entry comes no later than another in the order in which they are tried.
  constexpr bool is_tried(std::size_t entry, std::int32_t last) const {
    if (last < 0) return false;
    const std::int64_t macs = model_.macs(entry), last_macs = model_.macs(static_cast<std::size_t>(last));
    return macs > last_macs || (macs == last_macs && static_cast<std::int32_t>(entry) <= last);
  }

  constexpr bool has_room(std::size_t entry, std::int64_t budget) const {
    const std::int64_t most = budget - model_.bytes(entry);
    const std::int64_t* const profile = model_.profile().first;
    const std::int32_t end = model_.first_need(entry) & ~1;
    for (std::int32_t t = model_.held_until(entry) + 1; t < end; ++t)
      if (profile[t] > most) return false;
    return true;
  }

  // How many times between two are over the budget.
  constexpr std::int64_t over_between(std::int32_t from, std::int32_t to) const {
    return from < to ? over_.first[to] - over_.first[from] : 0;
  }

  constexpr void find_over(std::int64_t budget) {
    const list<std::int64_t>& profile = model_.profile();
    over_.assign(profile.size() + 1, 0);
    std::int32_t* const over = over_.first;
    const std::int64_t* const bytes = profile.first;
    for (std::size_t t = 0; t < profile.size(); ++t) over[t + 1] = over[t] + (bytes[t] > budget ? 1 : 0);
  }

  // What goes if a result is dropped that is kept: its bytes until it is needed again, less those of operands that must
  // stay until then, or be recomputed by then.
  constexpr std::int64_t freed_by_dropping(std::size_t entry) const {
    const std::int32_t burst = model_.first_need(entry) & ~1;
    std::int64_t freed = model_.bytes(entry) * over_between(model_.held_until(entry) + 1, burst);
    if (freed <= 0) return 0;
    for (const std::int32_t* o = model_.operands_begin(entry); o != model_.operands_end(entry); ++o) {
      const auto read = static_cast<std::size_t>(*o);
      const std::int32_t first = model_.first_need(read), last = model_.last_need(read);
      if (model_.retained().first[read] == retention::kept) {
        freed -= model_.bytes(read) * over_between(greater(last, model_.held_until(read)) + 1, burst + 1);
      } else if (first < 0) {
        freed -= model_.bytes(read) * over_between(burst, burst + 1);
      } else if (first > burst) {
        freed -= model_.bytes(read) * over_between(burst, first);
      }
    }
    return freed;
  }

  // What goes if a result does not stay from its first reader to its last.
  constexpr std::int64_t freed_by_recomputing(std::size_t entry) const {
    if (model_.retained().first[entry] != retention::recomputed_once) return 0;
    return model_.bytes(entry) * over_between(model_.first_need(entry) + 1, model_.last_need(entry));
  }

  // What goes if a dropped result is kept: its operands while it runs again, less itself until then.
  constexpr std::int64_t freed_by_keeping(std::size_t entry) const {
    const std::int32_t burst = model_.first_need(entry) & ~1;
    std::int64_t freed = -model_.bytes(entry) * over_between(model_.held_until(entry) + 1, burst);
    for (const std::int32_t* o = model_.operands_begin(entry); o != model_.operands_end(entry); ++o) {
      const auto read = static_cast<std::size_t>(*o);
      freed += model_.bytes(read) * over_between(burst, greater(model_.last_need(read), burst + 1));
    }
    return freed;
  }

  // Inserts by falling worth.
  static constexpr void insert(const candidate& made, candidate* found, std::int32_t& count, std::int32_t most) {
    if (count == most) {
      if (made.worth <= found[count - 1].worth) return;
    } else {
      ++count;
    }
    std::int32_t at = count - 1;
    for (; at > 0 && found[at - 1].worth < made.worth; --at) found[at] = found[at - 1];
    found[at] = made;
  }

  // Whether something was changed for the better.
  constexpr bool drop_one(std::int64_t budget) {
    find_over(budget);
    const std::int64_t excess = model_.excess(), macs = model_.added_macs();
    candidate found[most_candidates];
    std::int32_t count = 0;
    for (std::size_t e = 0; e < model_.size(); ++e) {
      if (model_.retained().first[e] != retention::kept || !model_.is_choice(e, budget / 512)) continue;
      if (model_.first_need(e) < 0) continue;
      const std::int64_t freed = freed_by_dropping(e);
      if (freed <= 0) continue;
      insert({e, model_.worth(freed, model_.macs(e)), static_cast<double>(freed), dropped(e)}, found, count,
             candidates_);
    }
    if (count > 0) {
      if (!careful_ && drop_some(found, count, budget, excess, macs)) return true;
      if (take_best(found, count, budget, excess, macs)) return true;
    }
    count = 0;
    for (std::size_t e = 0; e < model_.size(); ++e) {
      if (!is_dropped(e) || !model_.is_choice(e, budget / 512)) continue;
      const auto freed = static_cast<double>(freed_by_recomputing(e));
      if (freed > 0) insert({e, freed, freed, retention::recomputed}, found, count, most_candidates);
      const auto spared = static_cast<double>(freed_by_keeping(e));
      if (spared > 0) insert({e, spared, spared, retention::kept}, found, count, most_candidates);
    }
    return count > 0 && take_best(found, count, budget, excess, macs);
  }

  // Tries all changes there are, as long as simulations are left, then makes the best; whether there may be one.
  constexpr bool change_any(progress& at) {
    const std::int64_t excess = model_.excess(), macs = model_.added_macs();
    if (at.scanned < 0) {
      at.scanned = 0;
      at.best_change = -1;
      at.best_worth = 0;
    }
    const auto end = 3 * static_cast<std::int32_t>(model_.size());
    for (; at.scanned < end && left_ > 0; ++at.scanned) {
      const auto entry = static_cast<std::size_t>(at.scanned / 3);
      const auto what = static_cast<retention>(at.scanned % 3);
      if (what == model_.retained().first[entry] || !model_.is_choice(entry, at.target / 512)) continue;
      const double worth = try_change(entry, what, at.target, excess, macs);
      if (worth <= at.best_worth) continue;
      at.best_worth = worth;
      at.best_change = at.scanned;
    }
    if (at.scanned == end) {
      at.scanned = -1;
      if (at.best_change < 0) return false;  // nothing needs the last simulation any more
      model_.retained().first[at.best_change / 3] = static_cast<retention>(at.best_change % 3);
      simulate(at.target);
    }
    return true;
  }

  // Drops the best and those that are not much worse, as long as half of what is over the budget would stay; not if
  // less comes of it than was to be hoped.
  constexpr bool drop_some(const candidate* found, std::int32_t count, std::int64_t budget, std::int64_t excess,
                           std::int64_t macs) {
    double freed = 0;
    std::int32_t taken = 0;
    while (taken < count &&
           (taken == 0 || (found[taken].worth >= 0.3 * found[0].worth && freed < 0.5 * static_cast<double>(excess)))) {
      freed += found[taken].bytes;
      model_.retained().first[found[taken].entry] = found[taken].what;
      ++taken;
    }
    simulate(budget);
    const double worth = model_.worth(excess - model_.excess(), model_.added_macs() - macs);
    if (worth >= 0.2 * found[0].worth) return true;
    for (std::int32_t k = 0; k < taken; ++k) model_.retained().first[found[k].entry] = retention::kept;
    return false;
  }

  // Makes that of the changes which takes most from the excess for the work it adds, if any does.
  constexpr bool take_best(const candidate* found, std::int32_t count, std::int64_t budget, std::int64_t excess,
                           std::int64_t macs) {
    std::int32_t best = -1;
    double most = 0;
    for (std::int32_t k = 0; k < count; ++k) {
      const double worth = try_change(found[k].entry, found[k].what, budget, excess, macs);
      if (worth <= most) continue;
      most = worth;
      best = k;
    }
    if (best >= 0) model_.retained().first[found[best].entry] = found[best].what;
    simulate(budget);
    return best >= 0;
  }

  retention_model& model_;
  bool careful_;
  std::int32_t candidates_;
  std::int64_t left_ = 0;
  list<std::int32_t> over_;  // how many times before each are over the budget
};

}  // namespace v0
}  // namespace tenon
