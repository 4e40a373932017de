// SPDX-License-Identifier: Apache-2.0
// Padding, concatenation, slices of channels, layouts, zeros.
#include "harness.hpp"

using namespace harness;

TEST_CASE("padding and cropping equal the reference", "[kernels]") {
  constexpr int sides[][2] = {{0, 0}, {1, 2}, {2, 0}, {-1, 0}, {-1, 3}, {1, -2}};
  for (const shape& extents : awkward_shapes())
    for (const auto& height : sides)
      for (const auto& width : sides) {
        attributes attribute;
        attribute.padding_begin = {0, height[0], width[0]};
        attribute.padding_end = {0, height[1], width[1]};
        if (extents.spatial_rank() == 3) attribute.padding_begin[0] = attribute.padding_end[0] = 1;
        shape padded = extents;
        bool exists = true;
        for (int d = 0; d < 3; ++d) {
          const auto i = static_cast<std::size_t>(d);
          const std::int32_t extent = extents.spatial(d) + attribute.padding_begin[i] + attribute.padding_end[i];
          padded.set_spatial(d, extent);
          exists = exists && extent > 0;
        }
        if (!exists) continue;
        check({.op = operation::pad,
               .attribute = attribute,
               .operands = {blocked(extents, 1)},
               .results = {blocked_result(padded)},
               .tolerance = 0});
      }
}

TEST_CASE("a tensor cropped away on one side is zeros", "[kernels]") {
  attributes attribute;
  attribute.padding_begin = {0, 0, -4};
  attribute.padding_end = {0, 0, 6};
  check({.op = operation::pad,
         .attribute = attribute,
         .operands = {blocked(shape(1, 5, 3, 2), 1)},
         .results = {blocked_result(shape(1, 5, 3, 4))},
         .tolerance = 0});
}

TEST_CASE("concat and its gradient equal the reference for any channel counts", "[kernels]") {
  const std::vector<std::vector<std::int32_t>> cases = {{16, 16},   {8, 24},  {3, 5},        {1, 1, 1, 1, 1, 1, 1},
                                                        {11, 19},   {33, 1},  {16, 5},       {5, 16, 33},
                                                        {64, 3, 8}, {19, 11}, {1, 2, 3, 40}, {16, 11}};
  for (const auto& channels : cases)
    for (const shape& space :
         {shape(1, 1, 1, 1), shape(3, 1, 2, 1), shape(3, 1, 5, 7), shape(1, 1, 37, 41), shape(2, 1, 3, 2, 5)}) {
      std::vector<tensor> operands;
      shape joined = space;
      joined[1] = 0;
      for (const std::int32_t count : channels) {
        shape extents = space;
        extents[1] = count;
        operands.push_back(blocked(extents, static_cast<std::uint32_t>(operands.size())));
        joined[1] += count;
      }
      check({.op = operation::concat, .operands = operands, .results = {blocked_result(joined)}, .tolerance = 0});
      attributes attribute;
      for (const tensor& each : operands) {
        check({.op = operation::concat_gradient,
               .attribute = attribute,
               .operands = {blocked(joined, 9)},
               .results = {blocked_result(each.extents)},
               .tolerance = 0});
        attribute.index += each.extents.channels();
      }
    }
}

TEST_CASE("reorder goes between layouts without loss", "[kernels]") {
  auto shapes = awkward_shapes();
  shapes.push_back(shape(2, 35, 33, 47));
  for (const shape& extents : shapes)
    for (const layout from : {layout::contiguous, layout::blocked})
      for (const layout to : {layout::contiguous, layout::blocked}) {
        tensor x = blocked(extents, 1), y = blocked_result(extents);
        x.arrangement = from;
        y.arrangement = to;
        check({.op = operation::reorder, .operands = {x}, .results = {y}, .tolerance = 0});
      }
}

TEST_CASE("reorder copies labels", "[kernels]") {
  const tensor given = labels(shape(3, 5, 7), 1, 11);
  const single_node of{.op = operation::reorder, .operands = {given}, .results = {given}};
  for (const kernels::isa set : sets()) CHECK(run(of, set, 2)[0] == given.values);
}

TEST_CASE("fill makes zeros and nothing else", "[kernels]") {
  for (const shape& extents : awkward_shapes()) {
    check({.op = operation::fill, .operands = {}, .results = {blocked_result(extents)}, .tolerance = 0});
    check({.op = operation::fill, .operands = {}, .results = {contiguous_result(extents)}, .tolerance = 0});
  }
}
