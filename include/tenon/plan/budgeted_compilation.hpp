// SPDX-License-Identifier: Apache-2.0
// A training step whose memory stays within a budget, found while compiling.
#pragma once

#include <array>
#include <limits>

#include "tenon/plan/compilation.hpp"
#include "tenon/plan/compiled_descent.hpp"

namespace tenon {
inline namespace v0 {

/// Stops the compiler where an arena exceeds its budget.
template <std::int64_t Budget, std::int64_t LeastFound>
struct over_budget {
  static_assert(
      Budget >= LeastFound,
      "the memory budget cannot be met: the first of over_budget's numbers is the budget in bytes, the second "
      "the least arena that was found");
  static constexpr bool met = true;
};

/// Places nothing where there is no budget: who asks for other constants need not wait for it.
template <class Arguments, class Placed>
constexpr bool budget_is_met() {
  if constexpr (Arguments::memory_bytes > 0)
    return over_budget<Arguments::memory_bytes, Placed::plan.sizes.arena_bytes>::met;
  return true;
}

/// Of a laid-out graph what the search asks again and again, each a constant: compilers limit how much one may take.
template <class LaidOut, class Arguments>
struct retention_levels {
  using capabilities = typename Arguments::backend::capabilities;
  using free_work = retention_family::free_work;

  static constexpr auto count_levels() {
    const graph_edits live(LaidOut::graph.view(), graph_edits::dead_code::goes);
    return retention_family(LaidOut::graph.view(), live).levels().size();
  }
  static constexpr std::size_t levels = count_levels();

  /// How many convolutions run again at each level, the first of which is none.
  static constexpr std::array<std::int32_t, levels + 1> convolutions = [] {
    std::array<std::int32_t, levels + 1> counts{};
    const graph_edits live(LaidOut::graph.view(), graph_edits::dead_code::goes);
    const retention_family family(LaidOut::graph.view(), live);
    for (std::size_t i = 0; i < levels; ++i) counts[i + 1] = family.levels().first[i];
    return counts;
  }();

  template <free_work Free, std::int32_t Convolutions>
  static constexpr retention_rating rate() {
    const graph_edits live(LaidOut::graph.view(), graph_edits::dead_code::goes);
    return rate_retentions<capabilities>(LaidOut::graph.view(), live,
                                         retention_family(LaidOut::graph.view(), live).member(Free, Convolutions),
                                         Arguments::keeps_gradients);
  }
  template <free_work Free, std::int32_t Convolutions>
  static constexpr retention_rating rating = rate<Free, Convolutions>();
};

/// A member of the family, with what it comes to.
struct retention_pick {
  retention_family::free_work free = retention_family::free_work::what_is_kept_anyway;
  std::int32_t convolutions = 0;
  retention_rating rating;
};

/// The first member within so many bytes, on a walk from the least work on; if there is none, the one of the least
/// memory.
template <class Levels, std::int64_t Bytes>
class retention_walk {
  using free_work = retention_family::free_work;

 public:
  static constexpr retention_pick run() { return from<free_work::what_is_kept_anyway, 0, 0>(); }

 private:
  template <free_work Free, std::int32_t Convolutions>
  static constexpr retention_pick pick() {
    return {Free, Convolutions, Levels::template rating<Free, Convolutions>};
  }

  static constexpr retention_pick lesser_of(const retention_pick& a, const retention_pick& b) {
    if (a.rating.peak_bytes <= Bytes) return a;
    return b.rating.peak_bytes < a.rating.peak_bytes ? b : a;
  }

  // The peak one level before; at the first level more than any.
  template <free_work Free, std::size_t Level>
  static constexpr std::int64_t peak_before() {
    if constexpr (Level == 0) {
      return std::numeric_limits<std::int64_t>::max();
    } else {
      return pick<Free, Levels::convolutions[Level - 1]>().rating.peak_bytes;
    }
  }

  // First everything kept that is kept without a budget, then as much free work as there is, with more and more
  // convolutions; when the memory grows again, without the norms, of which long chains then run at once.
  template <free_work Free, std::size_t Level, int Rises>
  static constexpr retention_pick from() {
    constexpr retention_pick here = pick<Free, Levels::convolutions[Level]>();
    if constexpr (here.rating.peak_bytes <= Bytes) {
      if constexpr (Level == 0) {
        return here;
      } else {
        return between<Free, Levels::convolutions[Level - 1], Levels::convolutions[Level]>();
      }
    } else if constexpr (Free == free_work::what_is_kept_anyway) {
      return lesser_of(from<free_work::all, 0, 0>(), here);
    } else if constexpr (Rises == 2 || Level == Levels::levels) {
      if constexpr (Free == free_work::all) {
        return lesser_of(from<free_work::moves, Level - Rises, 0>(), here);
      } else {
        return here;
      }
    } else {
      constexpr int rises = peak_before<Free, Level>() < here.rating.peak_bytes ? Rises + 1 : 0;
      return lesser_of(from<Free, Level + 1, rises>(), here);
    }
  }

  // Of a level, as few of the convolutions as suffice.
  template <free_work Free, std::int32_t Low, std::int32_t High>
  static constexpr retention_pick between() {
    if constexpr (High - Low <= 1) {
      return pick<Free, High>();
    } else {
      constexpr std::int32_t middle = (Low + High) / 2;
      if constexpr (pick<Free, middle>().rating.peak_bytes <= Bytes) {
        return between<Free, Low, middle>();
      } else {
        return between<Free, middle, High>();
      }
    }
  }
};

/// The last step of a pipeline with retentions that a search has found for so many bytes: those of every result kept
/// that is kept without a budget, if that is within it; else what a descent finds, else what a walk over the family
/// does. When its placement takes more than the budget, once more with a peak as many bytes lower.
template <class LaidOut, class Pipeline, class Arguments, std::int64_t Bytes, int Attempts,
          class From = typename compiled_descent<LaidOut, Arguments>::start>
struct fitted_compilation {
  using levels = retention_levels<LaidOut, Arguments>;
  using descents = compiled_descent<LaidOut, Arguments>;

  // Retentions as a walk finds them.
  struct walked {
    using last = From;
    static constexpr retention_pick picked = retention_walk<levels, Bytes>::run();
    static constexpr std::int64_t peak_bytes = picked.rating.peak_bytes, macs = picked.rating.macs;
    static constexpr void choose(const graph_view& laid_out, const graph_edits& live, list<retention>& retained) {
      const retention_family family(laid_out, live);
      retained = family.member(picked.free, picked.convolutions);
    }
    static constexpr growing_graph make() {
      training_options options = Arguments::options();
      options.choose = choose;
      return Pipeline::steps[Pipeline::step_count - 1].apply(LaidOut::graph.view(), options);
    }
    using recomputed = stage<walked>;
  };
  // As they are without a budget.
  struct by_default {
    using last = From;
    static constexpr retention_rating rating = levels::template rating<retention_family::free_work::by_default, 0>;
    static constexpr std::int64_t peak_bytes = rating.peak_bytes, macs = rating.macs;
    using recomputed = stage<compilation_step<LaidOut, Pipeline, Pipeline::step_count - 1, Arguments>>;
  };
  // And as a descent does.
  template <class Found>
  struct descended {
    using last = Found;
    using measured = typename descents::template measured<Found>;
    static constexpr std::int64_t peak_bytes = measured::found.rating.peak_bytes, macs = measured::found.rating.macs;
    using recomputed = typename measured::made;
  };

  template <class One, class Other>
  static constexpr auto better_of() {
    if constexpr (is_better({One::peak_bytes, One::macs}, {Other::peak_bytes, Other::macs}, Bytes)) {
      return One{};
    } else {
      return Other{};
    }
  }

  static constexpr auto choose_retentions() {
    constexpr retention_rating free = levels::template rating<retention_family::free_work::what_is_kept_anyway, 0>;
    if constexpr (free.peak_bytes <= Bytes) {
      return walked{};
    } else {
      using found = descended<typename descents::template found<From, Bytes>>;
      // Of a large network a walk takes long.
      if constexpr (found::peak_bytes > Bytes || !descents::is_large) {
        return better_of<by_default, decltype(better_of<walked, found>())>();
      } else if constexpr ((found::macs - free.macs) * 50 > free.macs) {
        return better_of<by_default, found>();
      } else {
        return found{};
      }
    }
  }
  using chosen = decltype(choose_retentions());

  using made = typename ordered<typename chosen::recomputed, Arguments>::type;
  static constexpr std::int64_t excess = placed<made, Arguments>::plan.sizes.arena_bytes - Arguments::memory_bytes;

  template <bool Fits, class = void>
  struct next {
    using type = made;
  };
  template <class Unused>
  struct next<false, Unused> : fitted_compilation<LaidOut, Pipeline, Arguments, chosen::peak_bytes - excess,
                                                  Attempts - 1, typename chosen::last> {};
  using type = typename next<excess <= 0 || Attempts == 0 || (chosen::peak_bytes > Bytes)>::type;
};

/// Stops the compiler where the text of a recompute is not of the network.
template <std::int32_t Expected, std::int32_t Found>
struct retention_count {
  static_assert(Expected == Found,
                "recompute is of another network: the first of retention_count's numbers is how many retentions this "
                "one takes, the second how many the text has, or -1 for a text that is none");
  static constexpr bool right = true;
};

/// The last step of a pipeline, with what a recompute says.
template <class LaidOut, class Pipeline, class Arguments>
struct given_compilation {
  static constexpr std::array<std::int32_t, 2> counts = [] {
    const read_retentions read = retentions_of(LaidOut::graph.view(), Arguments::retentions);
    return std::array<std::int32_t, 2>{read.wanted, read.found};
  }();
  static_assert(retention_count<counts[0], counts[1]>::right);
  using type = typename ordered<stage<compilation_step<LaidOut, Pipeline, Pipeline::step_count - 1, Arguments>>,
                                Arguments>::type;
};

/// The network as it runs when it trains.
template <class Lowered, class Pipeline, class Arguments>
constexpr auto choose_compilation() {
  if constexpr (Arguments::memory_bytes == 0 && Arguments::retentions.empty()) {
    return ordered<typename training_compilation<Lowered, Pipeline, Arguments>::type, Arguments>();
  } else {
    using laid_out = typename training_compilation<Lowered, Pipeline, Arguments, Pipeline::step_count - 1>::type;
    if constexpr (Arguments::retentions.empty()) {
      return fitted_compilation<laid_out, Pipeline, Arguments, Arguments::memory_bytes, 3>();
    } else {
      return given_compilation<laid_out, Pipeline, Arguments>();
    }
  }
}

}  // namespace v0
}  // namespace tenon
