// SPDX-License-Identifier: Apache-2.0
// The functions of one element as vectors compute them, and their derivatives; the choice of one outside of loops.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/backends/kernels/dispatch/lanes.hpp"
#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {
namespace kernels {

/// Whether a function of 0 is 0, so that padding channels stay zeros.
constexpr bool keeps_zero(activation function) {
  return function != activation::sigmoid && function != activation::hard_sigmoid;
}

/// Whether the sign of x (and for relu6 whether it is below 6) tells the derivative as the result's does.
constexpr bool has_gradient_from_either(activation function) {
  return function == activation::relu || function == activation::leaky_relu || function == activation::relu6;
}

/// `Part<function>::run`: chooses a function outside of a loop. Arguments: a class template with a static function.
template <template <activation> class Part>
constexpr auto instance_for(activation function) {
  switch (function) {
    case activation::relu:
      return &Part<activation::relu>::run;
    case activation::leaky_relu:
      return &Part<activation::leaky_relu>::run;
    case activation::relu6:
      return &Part<activation::relu6>::run;
    case activation::elu:
      return &Part<activation::elu>::run;
    case activation::sigmoid:
      return &Part<activation::sigmoid>::run;
    case activation::hard_sigmoid:
      return &Part<activation::hard_sigmoid>::run;
    case activation::hard_swish:
      return &Part<activation::hard_swish>::run;
    case activation::none:
      break;
  }
  return &Part<activation::none>::run;
}

}  // namespace kernels
}  // namespace v0
}  // namespace tenon

#define TENON_KERNEL_FILE "tenon/backends/kernels/elementwise/activations_body.hpp"
#include "tenon/backends/kernels/dispatch/each_isa.hpp"
