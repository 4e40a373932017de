// SPDX-License-Identifier: Apache-2.0
// What a training step or an evaluation says of its batch: the loss, and each loss by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {

/// One loss of several: its mean without the factor that `weighted` gives it (0 where that factor is 0), and of how
/// many labels it is: those that are not ignored and whose class weighs more than 0. Of a loss that compares elements,
/// such as a mean square, all elements count.
struct single_loss {
  float value = 0;
  std::int64_t counted = 0;
};

/// The loss of a batch; stands for a float wherever one is wanted.
///
///     float loss = t.step(pictures, labels);
///     auto result = t.step(pictures, labels);     // result.loss, result.counted, result.losses[0].value
template <std::size_t Losses>
struct step_result {
  float loss = 0;  ///< the sum of all losses, each times its factor
  /// The labels and elements that count, of all losses; if 0, the step changed nothing, but that with accumulate<N> the
  /// N-th step updates by the gradients of those before it that had some.
  std::int64_t counted = 0;
  /// Whether the parameters were updated: with accumulate<N> they are at every N-th step.
  bool updated = false;
  std::array<single_loss, Losses> losses{};  ///< each by itself, in the order of the outputs

  constexpr operator float() const { return loss; }  // NOLINT
};

}  // namespace v0
}  // namespace tenon
