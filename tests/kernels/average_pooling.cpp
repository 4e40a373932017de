// SPDX-License-Identifier: Apache-2.0
// Average poolings and their gradients: sliding windows, bins, whole images, sums in parts.
#include <array>
#include <utility>

#include "windows.hpp"

using namespace harness;

namespace {

constexpr window_case mean_windows[] = {{1, 1, 0}, {2, 2, 0}, {3, 2, 1}, {3, 1, 1}, {2, 3, 0}, {4, 3, 2}, {9, 5, 4}};

void check_both(operation op, operation gradient, const attributes& attribute, const shape& from, const shape& to) {
  check({.op = op,
         .attribute = attribute,
         .operands = {blocked(from, 1)},
         .results = {blocked_result(to)},
         .tolerance = 1e-6});
  check({.op = gradient,
         .attribute = attribute,
         .operands = {blocked(to, 2)},
         .results = {blocked_result(from)},
         .tolerance = 1e-6});
}

}  // namespace

TEST_CASE("average pooling equals the reference", "[kernels]") {
  for (const bool counts_padding : {true, false}) {
    const int ran = for_each_window(mean_windows, [&](const shape& extents, attributes attribute, const shape& pooled) {
      attribute.counts_padding = counts_padding;
      check_both(operation::average_pool, operation::average_pool_gradient, attribute, extents, pooled);
    });
    CHECK(ran > 50);
  }
}

TEST_CASE("adaptive average pooling equals the reference", "[kernels]") {
  for (const shape& extents : awkward_shapes())
    for (const auto& [height, width] : {std::pair{1, 1}, {2, 3}, {3, 2}, {6, 6}, {1, 6}}) {
      shape pooled = extents;
      pooled.set_spatial(0, height);
      pooled.set_spatial(1, height);
      pooled.set_spatial(2, width);
      check_both(operation::adaptive_average_pool, operation::adaptive_average_pool_gradient, {}, extents, pooled);
    }
}

TEST_CASE("the mean of a large map is summed in parts", "[kernels]") {
  for (const shape& extents :
       {shape(1, 5, 83, 97), shape(2, 19, 64, 70), shape(1, 3, 1, 9001), shape(1, 33, 130, 3), shape(1, 3, 17, 20, 23)})
    // bins of a few pixels of each row, of whole rows, of whole planes, of everything
    for (const auto& [depth, height, width] :
         {std::array{1, 1, 1}, {2, 2, 2}, {1, 2, 1}, {2, 2, 1}, {2, 1, 1}, {1, 1, 2}}) {
      shape pooled = extents;
      pooled.set_spatial(0, depth);
      pooled.set_spatial(1, height);
      pooled.set_spatial(2, width);
      check_both(operation::adaptive_average_pool, operation::adaptive_average_pool_gradient, {}, extents, pooled);
    }
}

TEST_CASE("the mean of a million pixels of one sign is exact to a rounding", "[kernels]") {
  const shape extents(1, 1, 1024, 1024);
  check({.op = operation::adaptive_average_pool,
         .attribute = {},
         .operands = {blocked(extents, 3, 0.9, 1.1)},
         .results = {blocked_result(shape(1, 1, 1, 1))},
         .tolerance = 1.2e-7});
}
