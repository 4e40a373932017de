// SPDX-License-Identifier: Apache-2.0
// Resizing and its gradient.
#include "harness.hpp"

using namespace harness;

TEST_CASE("resize and its gradient equal the reference", "[kernels]") {
  constexpr int to[][3] = {{1, 1, 1}, {2, 3, 5}, {3, 8, 13}, {5, 14, 14}, {1, 21, 4}, {4, 2, 19}};
  for (const shape& extents : awkward_shapes())
    for (const auto& size : to)
      for (const auto mode : {interpolation::nearest, interpolation::linear, interpolation::linear_align_corners}) {
        shape resized = extents;
        for (int d = 0; d < 3; ++d) resized.set_spatial(d, size[d]);
        attributes attribute;
        attribute.interpolation = mode;
        check({.op = operation::resize,
               .attribute = attribute,
               .operands = {blocked(extents, 1)},
               .results = {blocked_result(resized)}});
        check({.op = operation::resize_gradient,
               .attribute = attribute,
               .operands = {blocked(resized, 2)},
               .results = {blocked_result(extents)}});
        check({.op = operation::resize,
               .attribute = attribute,
               .operands = {blocked(extents, 1)},
               .results = {contiguous_result(resized)}});
        check({.op = operation::resize_gradient,
               .attribute = attribute,
               .operands = {contiguous(resized, 2)},
               .results = {blocked_result(extents)}});
      }
}
