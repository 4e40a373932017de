// SPDX-License-Identifier: Apache-2.0
// What initialization.hpp declares.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

#include "tenon/core/compiler.hpp"
#include "tenon/core/random.hpp"
#include "tenon/runtime/initialization.hpp"

TENON_EXACT_BEGIN

namespace tenon {
inline namespace v0 {

/// A random stream with the distributions that first values have.
class random_source : public random_stream {
 public:
  using random_stream::random_stream;

  /// Uniform in (0, 1].
  double uniform() { return (static_cast<double>(bits() >> 11) + 1.0) * 0x1.0p-53; }

  /// Normal, mean 0 and standard deviation 1 (Box and Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }
};

TENON_INLINE void fill_bilinear(std::span<float> values, const shape& extents) {
  const std::int64_t kernel = extents.elements() / extents[0] / extents[1];
  const auto tent = [](std::int32_t tap, std::int32_t count) {
    const double factor = (count + 1) / 2, centre = count % 2 == 1 ? factor - 1 : factor - 0.5;
    return 1 - std::abs(tap - centre) / factor;
  };
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i) {
    const std::int64_t to = i / kernel % extents[1], from = i / kernel / extents[1];
    double product = extents[1] == 1 || to == from ? 1 : 0;
    std::int64_t rest = i % kernel;
    for (int d = extents.rank - 1; d >= 2; --d) {
      product *= tent(static_cast<std::int32_t>(rest % extents[d]), extents[d]);
      rest /= extents[d];
    }
    values[static_cast<std::size_t>(i)] = static_cast<float>(product);
  }
}

TENON_INLINE void fill_initial(std::span<float> values, const shape& extents, initializer rule, std::uint64_t seed) {
  const std::int64_t kernel = extents.rank > 2 ? extents.elements() / extents[0] / extents[1] : 1;
  const auto fan_in = static_cast<double>((extents.rank > 1 ? extents[1] : 1) * kernel);
  const double fan_out = static_cast<double>(extents[0] * kernel);
  random_source random(seed);
  const auto normal = [&](double deviation) {
    for (float& value : values) value = static_cast<float>(deviation * random.normal());
  };
  const auto uniform = [&](double bound) {
    for (float& value : values) value = static_cast<float>(bound * (2 * random.uniform() - 1));
  };
  switch (rule) {
    case initializer::zeros:
      for (float& value : values) value = 0;
      return;
    case initializer::ones:
      for (float& value : values) value = 1;
      return;
    case initializer::he_normal:
      return normal(std::sqrt(2 / fan_in));
    case initializer::he_uniform:
      return uniform(std::sqrt(6 / fan_in));
    case initializer::xavier_normal:
      return normal(std::sqrt(2 / (fan_in + fan_out)));
    case initializer::xavier_uniform:
      return uniform(std::sqrt(6 / (fan_in + fan_out)));
    case initializer::bilinear:
      return fill_bilinear(values, extents);
    case initializer::quarter:
      for (float& value : values) value = 0.25f;
      return;
  }
}

}  // namespace v0
}  // namespace tenon

TENON_EXACT_END
