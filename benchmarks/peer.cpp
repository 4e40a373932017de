// SPDX-License-Identifier: Apache-2.0
// Tenon's side of peers.py: a U-Net that predicts or trains one step each time a line comes in, and answers with the
// seconds it took.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tenon/models/unet.hpp"
#include "tenon/tenon.hpp"

namespace {

using picture = tenon::image<1, 3, 360, 480>;
using segmenter = tenon::predictor<tenon::models::unet<11>, picture>;
using teacher = tenon::trainer<tenon::models::unet<11>, picture, tenon::cross_entropy<tenon::ignore<11>>,
                               tenon::sgd<tenon::momentum<0.9>>>;

// The most memory the process has had, in bytes.
std::int64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::atoll(line.c_str() + 6) * 1024;
  }
  return 0;
}

template <class Run>
void serve(const Run& run) {
  std::puts("ready");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "memory") {
      std::printf("%lld\n", static_cast<long long>(peak_bytes()));
    } else {
      const auto start = std::chrono::steady_clock::now();
      run();
      std::printf("%.9f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::fflush(stdout);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 || (std::strcmp(arguments[1], "inference") != 0 && std::strcmp(arguments[1], "training") != 0)) {
    std::fputs("usage: peer inference|training THREADS\n", stderr);
    return 2;
  }
  const tenon::threads threads{std::atoi(arguments[2])};
  std::vector<float> pixels(3 * 360 * 480);
  std::vector<std::uint8_t> classes(360 * 480);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 7919 % 1000) / 500 - 1;
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::uint8_t>(i / 97 % 12);
  const tenon::tensor_view<const float, 4> image(pixels.data(), 1, 3, 360, 480);
  const tenon::tensor_view<const std::uint8_t, 3> labels(classes.data(), 1, 360, 480);
  try {
    if (std::strcmp(arguments[1], "inference") == 0) {
      segmenter net{tenon::initialize(1), threads};
      serve([&] { net(image); });
    } else {
      teacher t{tenon::initialize(1), threads};
      serve([&] { t.step(image, labels, {.learning_rate = 0.001f}); });
    }
  } catch (const tenon::error& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
