// SPDX-License-Identifier: Apache-2.0
// Dropout's kernel has the reference's mask, in every layout and by every number of threads.
#include "harness.hpp"

using namespace harness;

TEST_CASE("dropout equals the reference", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(3, 19, 61, 67));
  for (const shape& extents : shapes)
    for (const bool channelwise : {false, true})
      for (const double rate : {0.0, 0.1, 0.5, 0.999})
        for (int overwritten = -1; overwritten < 1; ++overwritten)
          check_in_both_layouts({.op = operation::dropout,
                                 .attribute = {.index = 3, .channelwise = channelwise, .rate = rate},
                                 .operands = {blocked(extents, 1)},
                                 .results = {blocked_result(extents)},
                                 .arguments = {0, 5, 42},
                                 .overwritten = overwritten,
                                 .tolerance = 1e-7});
}

TEST_CASE("the sets of instructions drop the very same elements", "[kernels]") {
  const shape extents(2, 19, 7, 9);
  single_node of{.op = operation::dropout,
                 .attribute = {.rate = 0.4},
                 .operands = {blocked(extents, 1, 1, 2)},
                 .results = {blocked_result(extents)}};
  for (const std::int64_t step : {1, 2, 1000000}) {
    of.arguments = {0, step, 0xFFFFFFFFFFFFFFFFu};
    const auto expected = expected_of(of)[0];
    for (const kernels::isa set : sets()) {
      const auto found = run(of, set, 1)[0];
      for (std::size_t i = 0; i < found.size(); ++i) REQUIRE((found[i] == 0) == (expected[i] == 0));
    }
  }
}
