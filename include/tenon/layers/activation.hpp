// SPDX-License-Identifier: Apache-2.0
// relu.
#pragma once

#include <array>

#include "tenon/layers/layer.hpp"

namespace tenon {
inline namespace v0 {
namespace layers {

/// max(x, 0).
///
/// shapes: x -> the same
/// saved for the backward pass: its result
struct relu : layer<relu> {
  constexpr symbol body(symbol x) const {
    const std::array<std::int32_t, 1> operands{x.number};
    return x.to->make(operation::relu, operands, {}, x.extents());
  }
};

}  // namespace layers
}  // namespace v0
}  // namespace tenon
