// SPDX-License-Identifier: Apache-2.0
// First values of parameters: He and Xavier, from a seed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tenon/core/separate.hpp"
#include "tenon/plan/parameter_description.hpp"

namespace tenon {
inline namespace v0 {

/// Where weights start: at random values from a seed, of each layer's own initializer unless another is given for all
/// random weights.
struct initialization {
  std::uint64_t seed = 0;
  std::optional<initializer> weights{};
};

/// Random first weights: predictor net{tenon::initialize(42)}. The same seed gives the same bits. Convolutions start by
/// He's rule unless their layer says otherwise or `weights` is given; biases at 0, norms at 1 and 0.
inline initialization initialize(std::uint64_t seed) { return {seed, std::nullopt}; }
inline initialization initialize(std::uint64_t seed, initializer weights) { return {seed, weights}; }

/// Whether a rule draws random numbers; only such weights follow the rule that `initialize` is given for all.
constexpr bool is_random(initializer rule) {
  return rule == initializer::he_normal || rule == initializer::he_uniform || rule == initializer::xavier_normal ||
         rule == initializer::xavier_uniform;
}

/// Weights (I, O, k...) of a transposed convolution that enlarges each channel by itself, linearly: between equal
/// channels, or from each one of a group, the product of a tent in every dimension; zeros elsewhere. With kernel
/// 2 f - f % 2, stride f and padding (f - 1) / 2 rounded up it enlarges f times.
void fill_bilinear(std::span<float> values, const shape& extents);

/// Fills a parameter with its first values. Fans are PyTorch's: extent 1 (in) or 0 (out) times the kernel.
void fill_initial(std::span<float> values, const shape& extents, initializer rule, std::uint64_t seed);

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/initialization_definitions.hpp"
#endif
