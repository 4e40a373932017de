// SPDX-License-Identifier: Apache-2.0
// Moving data about: padding and cropping, concatenation, copies, zeros.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/backends/operand.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// x -> y, zeros around; negative padding crops
template <class T>
void pad(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  const shape &from = operands[0].extents, &to = results[0].extents;
  const T* x = operands[0].as<const T>();
  T* y = results[0].as<T>();
  const std::int64_t depth = from.spatial(0), height = from.spatial(1), width = from.spatial(2);
  for (std::int64_t plane = 0; plane < std::int64_t{to.batch()} * to.channels(); ++plane, x += from.spatial_elements())
    for (std::int64_t yd = 0; yd < to.spatial(0); ++yd)
      for (std::int64_t yh = 0; yh < to.spatial(1); ++yh)
        for (std::int64_t yw = 0; yw < to.spatial(2); ++yw) {
          const std::int64_t d = yd - attribute.padding_begin[0], h = yh - attribute.padding_begin[1],
                             w = yw - attribute.padding_begin[2];
          const bool inside = d >= 0 && d < depth && h >= 0 && h < height && w >= 0 && w < width;
          *y++ = inside ? x[(d * height + h) * width + w] : T{0};
        }
}

/// Copies `count` channels of every image from channel `first_from` on of `from` to channel `first_to` on of `to`,
/// unless they lie there already.
template <class T>
void copy_channels(const operand& from, std::int32_t first_from, const operand& to, std::int32_t first_to,
                   std::int32_t count) {
  const std::int64_t size = from.extents.spatial_elements();
  for (std::int64_t image = 0; image < from.extents.batch(); ++image) {
    const T* source = from.as<const T>() + (image * from.extents.channels() + first_from) * size;
    T* destination = to.as<T>() + (image * to.extents.channels() + first_to) * size;
    if (source != destination) std::copy_n(source, count * size, destination);
  }
}

/// a, b, ... -> channels side by side
template <class T>
void concat(std::span<const operand> operands, std::span<const operand> results) {
  std::int32_t first = 0;
  for (const operand& part : operands) {
    copy_channels<T>(part, 0, results[0], first, part.extents.channels());
    first += part.extents.channels();
  }
}

/// dy -> dx, as many channels as dx has, from attribute.index on
template <class T>
void concat_gradient(const attributes& attribute, std::span<const operand> operands, std::span<const operand> results) {
  copy_channels<T>(operands[0], attribute.index, results[0], 0, results[0].extents.channels());
}

/// x -> x: this backend has one layout
template <class T>
void reorder(std::span<const operand> operands, std::span<const operand> results) {
  if (operands[0].data == results[0].data) return;
  std::copy_n(operands[0].as<const T>(), operands[0].extents.elements(), results[0].as<T>());
}

/// -> zeros
template <class T>
void fill(std::span<const operand> results) {
  std::fill_n(results[0].as<T>(), results[0].extents.elements(), T{0});
}

}  // namespace reference
}  // namespace v0
}  // namespace tenon
