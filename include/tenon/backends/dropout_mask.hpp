// SPDX-License-Identifier: Apache-2.0
// What a dropout keeps: the same in every backend, layout and number of threads.
#pragma once

#include <cstdint>

#include "tenon/core/random.hpp"
#include "tenon/plan/plan_view.hpp"

namespace tenon {
inline namespace v0 {

/// Which numbers a dropout keeps in a step. What is numbered are elements in contiguous order, or channels of images:
/// image times channels plus channel; numbers count modulo 2^32. Each is hashed by itself with 32 bits (the finalizer
/// of MurmurHash3, Appleby 2011, with a key before either multiplication), so that vectors can do it and nothing has to
/// be stored for the backward pass.
struct dropout_mask {
  static constexpr std::uint32_t first_factor = 0x85EBCA6Bu, second_factor = 0xC2B2AE35u;

  std::uint32_t first_key = 0, second_key = 0;
  std::uint32_t threshold = 0;  ///< a number is kept if 24 bits of its hash are not below it

  /// The keys follow from seed, step and the dropout's index.
  constexpr dropout_mask(const attributes& of, const step_arguments& at)
      : threshold(static_cast<std::uint32_t>(of.rate * 0x1p24 + 0.5)) {
    const std::uint64_t step_seed = random_stream(at.seed, static_cast<std::uint64_t>(at.step)).bits();
    const std::uint64_t keys = random_stream(step_seed, static_cast<std::uint64_t>(of.index)).bits();
    first_key = static_cast<std::uint32_t>(keys);
    second_key = static_cast<std::uint32_t>(keys >> 32);
  }

  constexpr bool keeps(std::uint32_t number) const {
    std::uint32_t hash = number ^ first_key;
    hash ^= hash >> 16;
    hash *= first_factor;
    hash ^= second_key;
    hash ^= hash >> 13;
    hash *= second_factor;
    hash ^= hash >> 16;
    return hash >> 8 >= threshold;
  }
};

/// What a dropout multiplies by what it keeps.
constexpr double kept_factor(const attributes& of) { return 1 / (1 - of.rate); }

}  // namespace v0
}  // namespace tenon
