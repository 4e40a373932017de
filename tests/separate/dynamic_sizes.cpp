// SPDX-License-Identifier: Apache-2.0
// One file of three: the same network for sizes known only while running.
#include <cstdio>

#include "separate/program.hpp"

void print_dynamic_sizes(const std::string& path) {
  tenon::dynamic_predictor<net> predict{tenon::shape(1, 3, 24, 20), tenon::load(path), tenon::threads{2}};
  const std::vector<float> picture = pixels_of(1);
  std::printf("dynamic_predictor %016llx of %lld bytes\n",
              static_cast<unsigned long long>(bits_of(predict(tenon::tensor_view(picture, 1, 3, 24, 20)))),
              static_cast<long long>(predict.arena_bytes()));

  tenon::dynamic_trainer<net, tenon::cross_entropy<>, tenon::sgd<tenon::momentum<0.9>>> teacher{
      tenon::shape(2, 3, 24, 20), tenon::load(path, {.skip = {"head"}}, tenon::initialize(5)), tenon::threads{2}};
  const std::vector<float> pictures = pixels_of(2);
  const std::vector<std::int32_t> labels(2 * 24 * 20, 1);
  for (int i = 0; i < 2; ++i) {
    const float loss = teacher.step(tenon::tensor_view(pictures, 2, 3, 24, 20), tenon::tensor_view(labels, 2, 24, 20));
    std::printf("dynamic_trainer %a\n", static_cast<double>(loss));
  }
  try {
    tenon::dynamic_predictor<net> wrong{tenon::shape(1, 3, 0, 20), tenon::load(path)};
  } catch (const tenon::shape_error& error) {
    std::printf("shape_error: %s\n", error.what());
  }
}
