// SPDX-License-Identifier: Apache-2.0
// A program that predicts with a U-Net for a size known only while it runs.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tenon/models/unet.hpp"
#include "tenon/tenon.hpp"

inline constexpr auto net = tenon::models::unet<11>;

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const int height = std::atoi(arguments[1]), width = std::atoi(arguments[2]);
  tenon::dynamic_predictor<net> segmenter{tenon::shape(1, 3, height, width), tenon::load("unet.safetensors")};
  const std::vector<float> pixels(static_cast<std::size_t>(3) * height * width, 0.5f);
  const auto logits = segmenter(tenon::tensor_view(pixels, 1, 3, height, width));
  std::printf("%f\n", static_cast<double>(logits(0, 0, 0, 0)));
}
