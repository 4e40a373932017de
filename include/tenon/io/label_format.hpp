// SPDX-License-Identifier: Apache-2.0
// Label images as a decoder is to see them: a palette's indices are the labels, whatever its colours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/io/image_format.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Refuses what holds no labels: colours, values that a byte does not hold, and a JPEG, whose values are only near.
inline void check_labels_format(const std::string& path, const checked_image& image) {
  const int type = image.color_type;
  const bool is_png = image.format == checked_image::kind::png;
  if (is_png && (type == 0 || type == 3) && image.bit_depth <= 8) return;
  const std::string found = std::string(type == 0   ? "a grey PNG of "
                                        : type == 4 ? "a grey PNG with transparency of "
                                                    : "a colour PNG of ") +
                            std::to_string(image.bit_depth) + " bits a sample";
  throw_format_error(path, "a PNG for labels, grey or with a palette, of at most 8 bits", is_png ? found : "a JPEG");
}

/// Makes of a PNG with a palette a grey one with the indices as its values: a decoder would give the colours.
inline void show_indices(checked_image& image) {
  if (image.color_type != 3) return;
  image.color_type = 0;
  std::vector<std::byte> grey(image.bytes.begin(), image.bytes.begin() + 8);
  for (std::size_t at = 8; at < image.bytes.size();) {
    const std::span<std::byte> chunk = std::span(image.bytes).subspan(at, big_endian(image.bytes, at, 4) + 12);
    const std::string_view type(reinterpret_cast<const char*>(chunk.data()) + 4, 4);
    at += chunk.size();
    if (type == "PLTE") continue;
    if (type == "IHDR") {
      chunk[8 + 9] = std::byte{0};
      const std::uint32_t check = crc32(chunk.subspan(4, 4 + 13));
      for (std::size_t i = 0; i < 4; ++i) chunk[21 + i] = static_cast<std::byte>(check >> (24 - 8 * i));
    }
    grey.insert(grey.end(), chunk.begin(), chunk.end());
  }
  image.bytes = std::move(grey);
}

/// Undoes what decoders do to grey of 1, 2 and 4 bits, which they stretch so that the greatest value becomes 255.
inline void unstretch(std::vector<std::uint8_t>& values, int bit_depth) {
  if (bit_depth == 8) return;
  const int step = 255 / ((1 << bit_depth) - 1);
  for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(value / step);
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
