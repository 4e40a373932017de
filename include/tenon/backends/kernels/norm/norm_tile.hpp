// SPDX-License-Identifier: Apache-2.0
// What all norms share: one tile normalised, with a residual and an activation; its moments; its gradient.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/backends/kernels/dispatch/parts.hpp"
#include "tenon/backends/kernels/elementwise/activations.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/core/compiler.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Mean and squared deviations of the values so far and of some more, as one.
inline void join_moments(double& mean, double& squares, double count, double more_mean, double more_squares,
                         double more) {
  const double difference = more_mean - mean, share = more / (count + more);
  mean += difference * share;
  squares += more_squares + difference * difference * count * share;
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END

#define TENON_KERNEL_FILE "tenon/backends/kernels/norm/norm_tile_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
