// SPDX-License-Identifier: Apache-2.0
// What the files of the program share.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/tenon.hpp"

namespace description {
using namespace tenon::layers;

inline constexpr auto net = [](auto image) {
  auto fine = name<"fine">(conv2d<16, kernel<3>, no_bias>{} >> batch_norm{} >> relu{})(image);
  auto coarse = name<"coarse">(conv2d<24, kernel<3>, stride<2>>{} >> group_norm<4>{} >> relu{})(fine);
  return name<"head">(conv2d<5>{})(concat(resize_like(coarse, fine), fine));
};
}  // namespace description
inline constexpr auto& net = description::net;

inline std::vector<float> pixels_of(int images) {
  std::vector<float> list(static_cast<std::size_t>(images) * 3 * 24 * 20);
  std::uint32_t state = 1;
  for (float& each : list) {
    state = state * 1664525u + 1013904223u;
    each = static_cast<float>(state >> 8) * 0x1p-24f - 0.5f;
  }
  return list;
}

/// A number that follows from every bit of a tensor.
template <class View>
std::uint64_t bits_of(const View& view) {
  std::uint64_t sum = 1469598103934665603u;
  for (std::int64_t i = 0; i < view.size(); ++i) {
    sum = (sum ^ std::bit_cast<std::uint32_t>(view.data()[i])) * 1099511628211u;
  }
  return sum;
}

void print_dynamic_sizes(const std::string& path);
