// SPDX-License-Identifier: Apache-2.0
// A program that predicts with a U-Net.
#include <cstdio>
#include <vector>

#include "tenon/models/unet.hpp"
#include "tenon/tenon.hpp"

int main() {
  tenon::predictor<tenon::models::unet<11>, tenon::image<1, 3, 360, 480>> net{tenon::initialize(1)};
  const std::vector<float> pixels(3 * 360 * 480, 0.5f);
  const auto logits = net(tenon::tensor_view(pixels, 1, 3, 360, 480));
  std::printf("%f\n", static_cast<double>(logits(0, 0, 0, 0)));
}
