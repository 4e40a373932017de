// SPDX-License-Identifier: Apache-2.0
// What searches by simulated annealing for retentions have in common.
#pragma once

#include <cmath>

#include "tenon/core/list.hpp"
#include "tenon/core/ordering.hpp"
#include "tenon/core/random.hpp"
#include "tenon/passes/retention.hpp"

namespace tenon {
inline namespace v0 {

/// Random changes of retentions, and which of them are taken (Kirkpatrick, Gelatt, Vecchi 1983): one that is worse the
/// more seldom the longer the search lasts, in which memory over the budget weighs more and more.
class annealing_schedule {
 public:
  /// choices: which elements of the retentions may change
  annealing_schedule(const list<std::int32_t>& choices, std::int64_t tries, std::uint64_t seed)
      : choices_(choices), tries_(static_cast<double>(tries)), random_(seed) {}

  double heat(std::int64_t turn) const { return 0.5 * std::pow(0.02, static_cast<double>(turn) / tries_); }
  double weight(std::int64_t turn) const { return 40 * std::pow(5, static_cast<double>(turn) / tries_); }

  /// Changes a single choice or a short run of them.
  void change(list<retention>& retained) {
    const auto count = static_cast<std::int32_t>(choices_.size());
    const std::int32_t at = random_.below(count), length = random_.below(4) > 0 ? 1 : 1 + random_.below(6);
    const auto what = static_cast<retention>(random_.below(3));
    for (std::int32_t k = at; k < lesser(at + length, count); ++k) retained.first[choices_.first[k]] = what;
  }

  /// Whether a change is taken that costs so much more.
  bool accepts(double worse, std::int64_t turn) {
    const double chance = static_cast<double>(random_.bits() >> 11) * 0x1p-53;
    return worse <= 0 || std::exp(-worse / heat(turn)) >= chance;
  }

  /// What retentions cost: work in hundredths of the step's, and memory over the budget, at its peak and in all of so
  /// many times; the sum falls with many a change that leaves the peak as it is.
  static double cost(double work_share, std::int64_t peak, std::int64_t excess, std::size_t times, std::int64_t budget,
                     double weight) {
    const auto bytes = static_cast<double>(budget);
    const double over = static_cast<double>(greater<std::int64_t>(peak - budget, 0)) / bytes;
    const double all = static_cast<double>(excess) / bytes / static_cast<double>(times);
    return 100 * work_share + weight * (over + 4 * all);
  }

 private:
  const list<std::int32_t>& choices_;
  double tries_;
  random_stream random_;
};

}  // namespace v0
}  // namespace tenon
