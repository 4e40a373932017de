// SPDX-License-Identifier: Apache-2.0
// A program that predicts with DeepLab v3+ from stored weights.
#include <cstdio>
#include <vector>

#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/tenon.hpp"

inline constexpr auto net = tenon::models::deeplab_v3_plus<11>;

int main() {
  tenon::predictor<net, tenon::image<1, 3, 360, 480>> segmenter{tenon::load("deeplab.safetensors")};
  const std::vector<float> pixels(3 * 360 * 480, 0.5f);
  const auto logits = segmenter(tenon::tensor_view(pixels, 1, 3, 360, 480));
  std::printf("%f\n", static_cast<double>(logits(0, 0, 0, 0)));
}
