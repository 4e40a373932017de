// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules: functions of the step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// Linear warm-up to the peak, then half a cosine down to 0 (Loshchilov and Hutter 2017).
struct cosine_schedule {
  float peak = 0.1f;
  std::int64_t steps = 1;    ///< of the whole training
  std::int64_t warm_up = 0;  ///< steps of the warm-up

  /// The rate of a step, counted from 0.
  float operator()(std::int64_t step) const {
    if (step < warm_up) return peak * static_cast<float>(step + 1) / static_cast<float>(warm_up);
    const double progress =
        static_cast<double>(step - warm_up) / static_cast<double>(std::max<std::int64_t>(steps - warm_up, 1));
    return static_cast<float>(peak * 0.5 * (1 + std::cos(std::numbers::pi * std::min(progress, 1.0))));
  }
};

/// peak * (1 - step / steps)^power, as segmentation networks are often trained (DeepLab: power 0.9).
struct polynomial_schedule {
  float peak = 0.1f;
  std::int64_t steps = 1;
  float power = 0.9f;

  float operator()(std::int64_t step) const {
    const double left =
        1 - static_cast<double>(std::min(step, steps)) / static_cast<double>(std::max<std::int64_t>(steps, 1));
    return static_cast<float>(peak * std::pow(left, power));
  }
};

}  // namespace v0
}  // namespace tenon
