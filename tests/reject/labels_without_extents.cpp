// SPDX-License-Identifier: Apache-2.0
// Labels are a std::vector, which has no extents.
// expect: labels are a tensor_view: tensor_view\(labels, N, H, W\)
// errors: 1
#include <vector>

#include "tenon/runtime/views.hpp"

float step(const tenon::label_view<3>& given);
float use(const std::vector<std::uint8_t>& labels);
float use(const std::vector<std::uint8_t>& labels) {
#ifdef FIXED
  return step(tenon::tensor_view(labels, 1, 360, 480));
#else
  return step(labels);
#endif
}
