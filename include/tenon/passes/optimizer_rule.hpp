// SPDX-License-Identifier: Apache-2.0
// What the compiler needs to know of an optimizer.
#pragma once

#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {

/// The node that updates a parameter: its operation, hyper-parameters, and how many state tensors a parameter has; and
/// what becomes of gradients before.
struct optimizer_rule {
  operation op = operation::sgd;
  std::int32_t states = 0;
  attributes attribute{};
  std::int32_t accumulated_steps = 1;  ///< gradients of so many steps are averaged, and then the updates made
  double greatest_norm = 0;            ///< of all gradients together; 0: any

  /// Whether updates wait for the gradients of all parameters.
  constexpr bool waits() const { return accumulated_steps > 1 || greatest_norm > 0; }
};

}  // namespace v0
}  // namespace tenon
