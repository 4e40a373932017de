// SPDX-License-Identifier: Apache-2.0
// Element by element: activations and additions.
#pragma once

#include "tenon/backends/reference/tensor.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

// Every kernel here reads an element before it writes that element alone, so that the result may overwrite an operand.

/// Applies a fused activation in place to an expression that can be assigned to. A NaN stays one, as in PyTorch.
template <class T, class Elements>
void apply(activation fused, Elements&& of) {
  if (fused == activation::relu) xt::noalias(of) = xt::where(of < T{0}, T{0}, of);
}

/// x -> max(x, 0)
template <class T>
void relu(std::span<const operand> operands, std::span<const operand> results) {
  const auto x = elements<T>(operands[0]);
  auto y = elements<T>(results[0]);
  xt::noalias(y) = xt::where(x < T{0}, T{0}, x);
}

/// y, dy -> dx, y the output of the ReLU
template <class T>
void relu_gradient(std::span<const operand> operands, std::span<const operand> results) {
  const auto y = elements<T>(operands[0]), dy = elements<T>(operands[1]);
  auto dx = elements<T>(results[0]);
  xt::noalias(dx) = xt::where(y > T{0}, dy, T{0});
}

/// a, b -> a + b
template <class T>
void add(std::span<const operand> operands, std::span<const operand> results) {
  const auto a = elements<T>(operands[0]), b = elements<T>(operands[1]);
  auto sum = elements<T>(results[0]);
  xt::noalias(sum) = a + b;
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
