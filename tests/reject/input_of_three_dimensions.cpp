// SPDX-License-Identifier: Apache-2.0
// A picture without a batch dimension.
// expect: each input is a tensor_view of float, of 4 dimensions for images and of 5 for volumes
#include <vector>

#include "tenon/layers/layers.hpp"
#include "tenon/runtime/predictor.hpp"

using namespace tenon::layers;

inline constexpr auto net = conv2d<4>{} >> relu{};

void predict(tenon::predictor<net, tenon::image<1, 3, 16, 16>>& network, const std::vector<float>& pixels) {
#ifdef FIXED
  network(tenon::tensor_view(pixels, 1, 3, 16, 16));
#else
  network(tenon::tensor_view(pixels, 3, 16, 16));
#endif
}
