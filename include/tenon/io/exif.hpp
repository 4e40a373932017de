// SPDX-License-Identifier: Apache-2.0
// The one thing that pixels need of a photograph's Exif data: which way up it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tenon/core/language.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Numbers of a TIFF structure, which names its own order of bytes; what lies outside reads as 0.
class tiff_numbers {
 public:
  tiff_numbers(std::span<const std::byte> bytes, bool greatest_first)
      : bytes_(bytes), greatest_first_(greatest_first) {}

  std::uint32_t read(std::size_t offset, std::size_t count) const {
    if (offset > bytes_.size() || bytes_.size() - offset < count) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t place = greatest_first_ ? i : count - 1 - i;
      value = value << 8 | std::to_integer<std::uint32_t>(bytes_[offset + place]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool greatest_first_;
};

/// The orientation that Exif data gives a picture, 1 to 8 as in the Exif standard (1: as stored, 3: upside down, 6: to
/// be turned clockwise, 8: counterclockwise; 2, 4, 5, 7 mirrored). Takes the data from its TIFF header on; 1 for data
/// that are damaged or do not say.
inline int exif_orientation(std::span<const std::byte> data) {
  constexpr std::uint32_t orientation_tag = 0x0112, unsigned_short = 3, unsigned_long = 4;
  if (data.size() < 8 || data[0] != data[1]) return 1;
  if (data[0] != std::byte{'I'} && data[0] != std::byte{'M'}) return 1;
  const tiff_numbers numbers(data, data[0] == std::byte{'M'});
  if (numbers.read(2, 2) != 42) return 1;
  const std::size_t directory = numbers.read(4, 4), count = numbers.read(directory, 2);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    const std::uint32_t type = numbers.read(entry + 2, 2);
    if (numbers.read(entry, 2) != orientation_tag || (type != unsigned_short && type != unsigned_long)) continue;
    const std::uint32_t value = numbers.read(entry + 8, type == unsigned_short ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
