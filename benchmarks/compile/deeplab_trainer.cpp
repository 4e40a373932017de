// SPDX-License-Identifier: Apache-2.0
// A program that trains DeepLab v3+.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "tenon/models/deeplab_v3_plus.hpp"
#include "tenon/tenon.hpp"

inline constexpr auto net = tenon::models::deeplab_v3_plus<11>;

int main() {
  tenon::trainer<net, tenon::image<2, 3, 360, 480>, tenon::cross_entropy<tenon::ignore<11>>,
                 tenon::sgd<tenon::momentum<0.9>>>
      teacher{tenon::initialize(1)};
  const std::vector<float> pixels(2 * 3 * 360 * 480, 0.5f);
  const std::vector<std::uint8_t> labels(2 * 360 * 480, 3);
  const float loss = teacher.step(tenon::tensor_view(pixels, 2, 3, 360, 480), tenon::tensor_view(labels, 2, 360, 480),
                                  {.learning_rate = 0.01f});
  std::printf("%f\n", static_cast<double>(loss));
}
