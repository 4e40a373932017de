// SPDX-License-Identifier: Apache-2.0
// Sliding windows over awkward shapes, for convolutions and transposed convolutions.
#pragma once

#include <vector>

#include "harness.hpp"

namespace harness {

/// An image seen through a window by a grid, and the weights' channels.
struct window_case {
  shape image;
  std::int32_t grid_channels;
  attributes attribute;

  /// The grid's extents, as a convolution of the image has them.
  shape grid() const {
    shape extents = image;
    extents[1] = grid_channels;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int32_t reach = attribute.dilation[i] * (attribute.kernel[i] - 1) + 1;
      const std::int32_t padding = attribute.padding_begin[i] + attribute.padding_end[i];
      extents.set_spatial(static_cast<int>(i),
                          (image.spatial(static_cast<int>(i)) + padding - reach) / attribute.stride[i] + 1);
    }
    return extents;
  }
  shape weights() const {
    shape extents = image;
    extents[0] = grid_channels;
    extents[1] = image.channels() / attribute.groups;
    for (std::size_t i = 0; i < 3; ++i) extents.set_spatial(static_cast<int>(i), attribute.kernel[i]);
    return extents;
  }
};

inline window_case window_of(const shape& image, std::int32_t grid_channels, std::int32_t groups, extent3 kernel,
                             extent3 stride, extent3 dilation, extent3 padding) {
  window_case made{image, grid_channels, {}};
  made.attribute.groups = groups;
  made.attribute.kernel = kernel;
  made.attribute.stride = stride;
  made.attribute.dilation = dilation;
  made.attribute.padding_begin = made.attribute.padding_end = padding;
  return made;
}

inline std::vector<window_case> window_cases() {
  const extent3 one{1, 1, 1}, none{0, 0, 0};
  std::vector<window_case> cases{window_of(shape(1, 1, 1, 1), 1, 1, one, one, one, none),
                                 window_of(shape(3, 5, 7, 9), 3, 1, {1, 3, 3}, one, one, {0, 1, 1}),
                                 window_of(shape(2, 19, 3, 4), 33, 1, one, one, one, none),
                                 window_of(shape(3, 6, 8, 7), 9, 3, {1, 3, 5}, {1, 2, 2}, one, {0, 1, 2}),
                                 window_of(shape(1, 3, 4, 5), 2, 1, {1, 3, 3}, one, {1, 6, 6}, {0, 6, 6}),
                                 window_of(shape(2, 5, 6, 5), 5, 5, {1, 3, 3}, {1, 2, 2}, {1, 2, 1}, {0, 2, 1}),
                                 window_of(shape(1, 2, 5, 5), 3, 1, {1, 2, 2}, {1, 2, 3}, one, none),
                                 window_of(shape(1, 1, 1, 1), 5, 1, {1, 3, 3}, one, one, {0, 1, 1}),
                                 window_of(shape(3, 3, 4, 5, 3), 4, 1, {3, 3, 3}, {1, 2, 2}, one, {1, 1, 1}),
                                 window_of(shape(1, 4, 3, 5, 4), 2, 2, {1, 3, 2}, one, {1, 2, 1}, {0, 1, 0}),
                                 window_of(shape(1, 3, 2, 2, 3), 3, 3, {3, 3, 3}, one, {4, 4, 4}, {4, 4, 4})};
  window_case uneven = window_of(shape(2, 3, 4, 6), 2, 1, {1, 3, 3}, {1, 2, 2}, one, {0, 1, 0});
  uneven.attribute.padding_end = {0, 0, 2};
  cases.push_back(uneven);
  return cases;
}

/// Calls `function(n, image channel, grid channel, channel of the weights, image place, grid place, weight place)` for
/// every product of a grouped window, inside the image or not.
template <class Function>
void for_each_product(const window_case& of, const Function& function) {
  const shape grid = of.grid(), weights = of.weights();
  const attributes& a = of.attribute;
  const std::int32_t grid_share = of.grid_channels / a.groups;
  for (std::int32_t n = 0; n < grid.batch(); ++n)
    for (std::int32_t o = 0; o < of.grid_channels; ++o)
      for (std::int32_t i = 0; i < weights[1]; ++i)
        for (std::int32_t p = 0; p < grid.spatial_elements(); ++p)
          for (std::int32_t t = 0; t < weights.spatial_elements(); ++t) {
            const extent3 position{p / (grid.spatial(1) * grid.spatial(2)), p / grid.spatial(2) % grid.spatial(1),
                                   p % grid.spatial(2)};
            const extent3 tap{t / (a.kernel[1] * a.kernel[2]), t / a.kernel[2] % a.kernel[1], t % a.kernel[2]};
            extent3 place{};
            for (std::size_t k = 0; k < 3; ++k)
              place[k] = position[k] * a.stride[k] + tap[k] * a.dilation[k] - a.padding_begin[k];
            function(n, o / grid_share * weights[1] + i, o, i, place, position, tap);
          }
}

}  // namespace harness
