// SPDX-License-Identifier: Apache-2.0
// Tenon's side of peers.py: a network that predicts or trains one step each time a line comes in, and answers with the
// seconds it took.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/tenon.hpp"

namespace peer {

// The most memory the process has had, in bytes.
inline std::int64_t peak_bytes() {
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

/// A view of the tensor of the given shape.
template <class T, std::size_t... I>
auto view(const std::vector<T>& values, const std::vector<std::int64_t>& extents, std::index_sequence<I...>) {
  return tenon::tensor_view<const T, static_cast<int>(sizeof...(I))>(values, extents[I]...);
}

/// Serves one network of `Classes` classes: inference, or training by cross entropy; of one class, by binary cross
/// entropy.
template <const auto& Net, class Input, int Classes>
int run(int count, char** arguments) {
  const std::string_view mode = count == 3 ? arguments[1] : "";
  if (mode != "inference" && mode != "training") {
    std::fprintf(stderr, "usage: %s inference|training THREADS\n", arguments[0]);
    return 2;
  }
  constexpr tenon::shape extents = Input::extents;
  const tenon::threads threads{std::atoi(arguments[2])};
  std::vector<float> pixels(static_cast<std::size_t>(extents.elements()));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 7919 % 1000) / 500 - 1;
  std::vector<std::int64_t> size;
  for (int i = 0; i < extents.rank; ++i) size.push_back(extents[i]);
  const auto image = view(pixels, size, std::make_index_sequence<extents.rank>());
  try {
    if (mode == "inference") {
      tenon::predictor<Net, Input> net{tenon::initialize(1), threads};
      serve([&] { net(image); });
    } else if constexpr (Classes == 1) {
      using optimizer = tenon::sgd<tenon::momentum<0.9>>;
      tenon::trainer<Net, Input, tenon::binary_cross_entropy, optimizer> teacher{tenon::initialize(1), threads};
      std::vector<float> targets(pixels.size());
      for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = i / 97 % 2 == 0 ? 0.0f : 1.0f;
      const auto target = view(targets, size, std::make_index_sequence<extents.rank>());
      serve([&] { teacher.step(image, target, {.learning_rate = 0.001f}); });
    } else {
      using optimizer = tenon::sgd<tenon::momentum<0.9>>;
      tenon::trainer<Net, Input, tenon::cross_entropy<tenon::ignore<Classes>>, optimizer> teacher{tenon::initialize(1),
                                                                                                  threads};
      std::vector<std::uint8_t> classes(static_cast<std::size_t>(extents.batch() * extents.spatial_elements()));
      for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::uint8_t>(i / 97 % (Classes + 1));
      size.erase(size.begin() + 1);
      const auto labels = view(classes, size, std::make_index_sequence<extents.rank - 1>());
      serve([&] { teacher.step(image, labels, {.learning_rate = 0.001f}); });
    }
  } catch (const tenon::error& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}

}  // namespace peer
