// SPDX-License-Identifier: Apache-2.0
// What the compiler needs to know of an optimizer.
#pragma once

#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {

/// The node that updates a parameter: its operation, hyper-parameters, and how many state tensors a parameter has.
struct optimizer_rule {
  static constexpr std::int32_t most_states = 2;
  operation op = operation::sgd;
  std::int32_t states = 0;
  attributes attribute{};
};

}  // namespace v0
}  // namespace tenon
