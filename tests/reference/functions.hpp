// SPDX-License-Identifier: Apache-2.0
// The functions of one element, spelled once more for tests.
#pragma once

#include <algorithm>
#include <cmath>

#include "tenon/graph/node.hpp"

namespace harness {

inline constexpr tenon::activation all_functions[] = {
    tenon::activation::none, tenon::activation::relu,    tenon::activation::leaky_relu,   tenon::activation::relu6,
    tenon::activation::elu,  tenon::activation::sigmoid, tenon::activation::hard_sigmoid, tenon::activation::hard_swish,
};

/// attribute.fused of x.
inline double function_of(const tenon::attributes& attribute, double x) {
  switch (attribute.fused) {
    case tenon::activation::none:
      return x;
    case tenon::activation::relu:
      return std::max(x, 0.0);
    case tenon::activation::leaky_relu:
      return std::max(x, 0.0) + attribute.slope * std::min(x, 0.0);
    case tenon::activation::relu6:
      return std::clamp(x, 0.0, 6.0);
    case tenon::activation::elu:
      return std::max(x, 0.0) + attribute.slope * (std::exp(std::min(x, 0.0)) - 1);
    case tenon::activation::sigmoid:
      return (1 + std::tanh(x / 2)) / 2;
    case tenon::activation::hard_sigmoid:
      return std::clamp(x / 6 + 0.5, 0.0, 1.0);
    case tenon::activation::hard_swish:
      return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
  }
  return x;
}

}  // namespace harness
