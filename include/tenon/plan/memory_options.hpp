// SPDX-License-Identifier: Apache-2.0
// What memory a training step may take: memory_budget, recompute. A trainer's options.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "tenon/core/literals.hpp"
#include "tenon/core/text.hpp"

namespace tenon {
inline namespace v0 {

/// What marks an option for memory.
struct memory_option_base {};

/// The arena, in which inputs, activations, gradients and workspaces lie, takes at most so many bytes. Of the results
/// of the forward pass those are kept that the budget has room for, and the others computed again in the backward pass,
/// the cheapest first. The results of a step are the same, bit for bit. Parameters and optimizer state are not in the
/// arena: see total_bytes. A budget that cannot be met is a compile error that says the least that was found, and an
/// allocation_error of a dynamic_trainer.
///
///     using teacher = tenon::trainer<net, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<>, tenon::sgd<>,
///                                    tenon::memory_budget<400_MiB>>;
template <std::int64_t Bytes>
struct memory_budget : memory_option_base {
  static_assert(Bytes > 0, "a memory budget is more than 0 bytes");
  static constexpr std::int64_t bytes = Bytes;
};

/// What a step keeps and what it computes again, as a search has found it that had more time than a compiler has:
/// `plan` prints it (see docs/memory.md). It is of one network; of its sizes any.
template <text Retentions>
struct recompute : memory_option_base {
  static constexpr std::string_view retentions = Retentions.view();
};

/// The bytes of a memory_budget; of all else 0.
template <class Argument>
constexpr std::int64_t budget_in() {
  if constexpr (std::is_base_of_v<memory_option_base, Argument> && requires { Argument::bytes; }) {
    return Argument::bytes;
  } else {
    return 0;
  }
}

/// The text of a recompute; of all else none.
template <class Argument>
constexpr std::string_view retentions_in() {
  if constexpr (std::is_base_of_v<memory_option_base, Argument> && requires { Argument::retentions; }) {
    return Argument::retentions;
  } else {
    return {};
  }
}

}  // namespace v0
}  // namespace tenon
