// SPDX-License-Identifier: Apache-2.0
// A convolution as most networks have it, in a graph that is built by hand.
#pragma once

#include <array>
#include <cstdint>

#include "tenon/graph/builder.hpp"
#include "tenon/graph/shape_rules.hpp"

namespace tenon_test {

/// Appends a 2-D convolution with a square window, which keeps the size, and its weight, without a bias.
inline tenon::symbol square_convolution(tenon::builder& to, tenon::symbol x, int channels, int kernel) {
  tenon::attributes attribute;
  attribute.kernel = {1, kernel, kernel};
  attribute.padding_begin = attribute.padding_end = {0, kernel / 2, kernel / 2};
  const tenon::shape weights = tenon::weight_shape(2, channels, x.channels(), attribute.kernel);
  to.enter(to.next_position());
  const std::array<std::int32_t, 2> operands{x.number, to.parameter("weight", weights, tenon::initializer::he_normal)};
  const tenon::symbol made = to.make(tenon::operation::convolution, operands, attribute,
                                     tenon::window_shape(x.extents(), attribute, channels));
  to.leave();
  return made;
}

}  // namespace tenon_test
