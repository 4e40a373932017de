// SPDX-License-Identifier: Apache-2.0
// The functions of one element, and their derivatives.
#pragma once

#include <cmath>

#include "tenon/core/compiler.hpp"
#include "tenon/graph/node.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {
namespace reference {

/// The function of x; `slope` is attributes.slope. A NaN stays one, as in PyTorch.
template <class T>
T activated(activation function, T x, T slope) {
  const auto to_six = [](T of) { return of < T{0} ? T{0} : of > T{6} ? T{6} : of; };
  switch (function) {
    case activation::none:
      return x;
    case activation::relu:
      return x < T{0} ? T{0} : x;
    case activation::leaky_relu:
      return x > T{0} ? x : slope * x;
    case activation::relu6:
      return to_six(x);
    case activation::elu:
      return x > T{0} ? x : slope * std::expm1(x);
    case activation::sigmoid:
      return T{1} / (T{1} + std::exp(-x));
    case activation::hard_sigmoid:
      return to_six(x + T{3}) / T{6};
    case activation::hard_swish:
      return x * to_six(x + T{3}) / T{6};
  }
  return x;
}

/// The gradient before the function: dy times the derivative, or 0 where that is 0, even if dy is not finite. `y` is
/// the function's result, but of a hard swish its argument. Of NaN it is what it is in PyTorch.
template <class T>
T passed_back(activation function, T y, T dy, T slope) {
  switch (function) {
    case activation::none:
      return dy;
    case activation::relu:
      return y <= T{0} ? T{0} : dy;
    case activation::leaky_relu:
      return y > T{0} ? dy : slope * dy;
    case activation::relu6:
      return y <= T{0} || y >= T{6} ? T{0} : dy;
    case activation::elu:
      return y <= T{0} ? dy * (y + slope) : dy;
    case activation::sigmoid:
      return dy * (y * (T{1} - y));
    case activation::hard_sigmoid:
      return y > T{0} && y < T{1} ? dy / T{6} : T{0};
    case activation::hard_swish:
      return y <= T{-3} ? T{0} : y < T{3} ? dy * (y / T{3} + T{0.5}) : dy;
  }
  return dy;
}

/// The same from the function's argument x.
template <class T>
T passed_back_at(activation function, T x, T dy, T slope) {
  return passed_back(function, has_gradient_from_result(function) ? activated(function, x, slope) : x, dy, slope);
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
