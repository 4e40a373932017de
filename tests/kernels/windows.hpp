// SPDX-License-Identifier: Apache-2.0
// Windows that poolings are tried with, over the shapes that they fit.
#pragma once

#include <cstddef>
#include <span>

#include "harness.hpp"
#include "tenon/graph/shape_rules.hpp"

namespace harness {

/// A window, alike along all dimensions.
struct window_case {
  int kernel, stride, padding, dilation = 1;
};

/// A window along the dimensions that the shape has.
inline attributes window_attributes(const shape& extents, const window_case& window) {
  attributes made;
  for (std::size_t d = extents.spatial_rank() == 3 ? 0 : 1; d < 3; ++d) {
    made.kernel[d] = window.kernel;
    made.stride[d] = window.stride;
    made.dilation[d] = window.dilation;
    made.padding_begin[d] = made.padding_end[d] = window.padding;
  }
  return made;
}

/// Calls `function(extents, attribute, pooled)` for every awkward shape with each window that fits in its padded image.
/// Returns how often.
template <class Function>
int for_each_window(std::span<const window_case> windows, const Function& function) {
  int called = 0;
  for (const shape& extents : awkward_shapes())
    for (const window_case& window : windows) {
      const attributes attribute = window_attributes(extents, window);
      bool fits = true;
      for (int d = 0; d < 3; ++d) fits = fits && padded_extent(extents, attribute, d) >= window_extent(attribute, d);
      if (!fits) continue;
      function(extents, attribute, window_shape(extents, attribute, extents.channels()));
      ++called;
    }
  return called;
}

}  // namespace harness
