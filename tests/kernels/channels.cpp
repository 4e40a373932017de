// SPDX-License-Identifier: Apache-2.0
// Channels taken apart and put in another order.
#include "harness.hpp"

using namespace harness;

namespace {

const shape spaces[] = {shape(1, 1, 1, 1), shape(3, 1, 2, 1), shape(2, 1, 5, 7), shape(1, 1, 13, 41),
                        shape(2, 1, 3, 2, 5)};

shape with_channels(shape space, std::int32_t channels) {
  space[1] = channels;
  return space;
}

}  // namespace

TEST_CASE("split equals the reference for any channel counts", "[kernels]") {
  const std::vector<std::vector<std::int32_t>> cases = {{1},     {16, 16},    {8, 24},       {3, 5},   {1, 1, 1, 1, 1},
                                                        {33, 1}, {16, 5, 11}, {1, 2, 3, 40}, {19, 11}, {8, 8, 16}};
  for (const auto& channels : cases)
    for (const shape& space : spaces) {
      std::vector<tensor> results;
      std::int32_t sum = 0;
      for (const std::int32_t count : channels) {
        results.push_back(blocked_result(with_channels(space, count)));
        sum += count;
      }
      check({.op = operation::split,
             .operands = {blocked(with_channels(space, sum), 1)},
             .results = results,
             .tolerance = 0});
    }
}

TEST_CASE("a channel shuffle equals the reference", "[kernels]") {
  const std::int32_t cases[][2] = {{1, 1},
                                   {6, 2},
                                   {6, 3},
                                   {16, 2},
                                   {16, 8},
                                   {24, 3},
                                   {24, 8},
                                   {32, 2},
                                   {32, 4},
                                   {33, 3},
                                   {33, 11},
                                   {58, 2},
                                   {58, 29},
                                   {116, 2},
                                   {60, 20},
                                   // more blocks than a round has, and from as many as a block has channels
                                   {276, 2},
                                   {289, 17},
                                   {240, 8},
                                   {136, 17},
                                   // squares of blocks
                                   {64, 8},
                                   {128, 16},
                                   {384, 16},
                                   {512, 32}};
  for (const auto& [channels, groups] : cases)
    for (const shape& space : spaces) {
      attributes attribute;
      attribute.groups = groups;
      check({.op = operation::channel_shuffle,
             .attribute = attribute,
             .operands = {blocked(with_channels(space, channels), 1)},
             .results = {blocked_result(with_channels(space, channels))},
             .tolerance = 0});
    }
}
