// SPDX-License-Identifier: Apache-2.0
// A parameter as a constant.
#pragma once

#include <span>
#include <string_view>

#include "tenon/graph/node.hpp"

namespace tenon {
inline namespace v0 {

/// A parameter or running statistic: its name as in PyTorch, its shape, whether training changes it, and how it starts.
struct parameter_description {
  std::string_view name;
  shape extents;
  bool trainable = true;
  initializer initial = initializer::zeros;
};

/// The parameters of a network in order of first use, and its running statistics; constants, owned elsewhere.
struct parameter_table {
  std::span<const parameter_description> parameters, buffers;
};

}  // namespace v0
}  // namespace tenon
