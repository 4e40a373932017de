// SPDX-License-Identifier: Apache-2.0
// What training_session.hpp declares.
#pragma once

#include <string>

#include "tenon/backends/finite.hpp"
#include "tenon/core/finite.hpp"
#include "tenon/core/number_text.hpp"
#include "tenon/runtime/training_session.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE void check_learning_rate(float rate) {
  if (is_finite(rate) && rate >= 0) return;
  const std::string found = number_text(rate);
  throw numeric_error("the learning rate is " + found + ", expected a finite number, 0 or more", "learning rate",
                      "0 or more", found);
}

TENON_INLINE void check_loss(float loss) {
  if (is_finite(loss)) return;
  const std::string found = text_of_not_finite(static_cast<double>(loss));
  throw numeric_error("the loss is not finite: " + found, "loss", "a finite number", found);
}

}  // namespace v0
}  // namespace tenon
