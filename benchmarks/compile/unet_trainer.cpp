// SPDX-License-Identifier: Apache-2.0
// A program that trains a U-Net.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "tenon/models/unet.hpp"
#include "tenon/tenon.hpp"

int main() {
  tenon::trainer<tenon::models::unet<11>, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<tenon::ignore<11>>,
                 tenon::sgd<tenon::momentum<0.9>>>
      teacher{tenon::initialize(1)};
  const std::vector<float> pixels(3 * 360 * 480, 0.5f);
  const std::vector<std::uint8_t> labels(360 * 480, 3);
  const float loss = teacher.step(tenon::tensor_view(pixels, 1, 3, 360, 480), tenon::tensor_view(labels, 1, 360, 480),
                                  {.learning_rate = 0.01f});
  std::printf("%f\n", static_cast<double>(loss));
}
