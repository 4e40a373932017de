// SPDX-License-Identifier: Apache-2.0
// Softmax over channels, and its gradient.
#include "harness.hpp"

using namespace harness;

TEST_CASE("softmax and its gradient equal the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(2, 11, 61, 67));
  for (const shape& extents : shapes)
    for (const layout arrangement : {layout::blocked, layout::contiguous}) {
      single_node of{.op = operation::softmax,
                     .operands = {blocked(extents, 1, -6, 6)},
                     .results = {{extents, {}, arrangement, element_type::float32}}};
      of.operands[0].arrangement = arrangement;
      for (of.overwritten = -1; of.overwritten < 1; ++of.overwritten) check(of);
      of.operands[0].values = expected_of(of)[0];
      for (double& each : of.operands[0].values) each = static_cast<double>(static_cast<float>(each));
      of.op = operation::softmax_gradient;
      of.operands.push_back(blocked(extents, 2));
      of.operands[1].arrangement = arrangement;
      for (of.overwritten = -1; of.overwritten < 2; ++of.overwritten)
        if (extents.channels() > 1) check(of);
    }
}

TEST_CASE("softmax of one channel is 1, of great values finite", "[kernels]") {
  check({.op = operation::softmax,
         .operands = {blocked(shape(1, 1, 3, 5), 1, -1e30, 1e30)},
         .results = {blocked_result(shape(1, 1, 3, 5))},
         .tolerance = 0});
  for (const double greatest : {100.0, 1e4, 1e30})
    check({.op = operation::softmax,
           .operands = {blocked(shape(1, 19, 3, 5), 1, -greatest, greatest)},
           .results = {blocked_result(shape(1, 19, 3, 5))}});
}
