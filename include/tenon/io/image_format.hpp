// SPDX-License-Identifier: Apache-2.0
// PNG and JPEG files looked over before a decoder gets them: damage becomes a format_error here, not a line of the
// decoder's own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/io/exif.hpp"
#include "tenon/io/file.hpp"
#include "tenon/io/jpeg_scans.hpp"
#include "tenon/io/jpeg_whole.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// An image file, whole and plausible.
struct checked_image {
  enum class kind : std::uint8_t { png, jpeg } format = kind::png;
  std::int64_t height = 0, width = 0;
  /// PNG alone: bits a sample, and colour type as in the format (0 grey, 2 RGB, 3 palette, 4 and 6 with alpha).
  int bit_depth = 8, color_type = 2;
  /// How Exif data say that it is to be turned; see exif_orientation.
  int orientation = 1;
  /// What to decode; of a PNG only the chunks that pixels depend on, a JPEG has its end marker.
  std::vector<std::byte> bytes;
};

inline constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xedb88320U : 0U);
    table[i] = remainder;
  }
  return table;
}();

/// The cyclic redundancy check of PNG's chunks (that of zlib).
constexpr std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t remainder = 0xffffffffU;
  for (const std::byte byte : bytes) {
    remainder = (remainder >> 8) ^ crc_table[(remainder ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  }
  return ~remainder;
}

/// An unsigned number of `count` bytes, the greatest first; the caller has checked that they are there.
inline std::uint32_t big_endian(std::span<const std::byte> bytes, std::size_t offset, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[offset + i]);
  return value;
}

[[noreturn]] inline void throw_truncated(const std::string& path, std::string_view format, std::size_t bytes) {
  throw_format_error(path, "a whole " + std::string(format) + " image",
                     "one cut short after " + std::to_string(bytes) + " bytes");
}

/// OpenCV's own bounds, which it would report in its own words.
inline void check_extents(const std::string& path, const checked_image& image) {
  constexpr std::int64_t side = std::int64_t{1} << 20, pixels = std::int64_t{1} << 30;
  if (image.height >= 1 && image.width >= 1 && image.height <= side && image.width <= side &&
      image.height * image.width <= pixels) {
    return;
  }
  throw_format_error(path, "an image of 1 to 2^30 pixels, at most 2^20 a side",
                     std::to_string(image.width) + " x " + std::to_string(image.height));
}

inline void read_png_header(const std::string& path, std::span<const std::byte> data, checked_image& image) {
  if (data.size() != 13) throw_format_error(path, "13 bytes of PNG header", std::to_string(data.size()));
  image.width = big_endian(data, 0, 4);
  image.height = big_endian(data, 4, 4);
  image.bit_depth = static_cast<int>(data[8]);
  image.color_type = static_cast<int>(data[9]);
  check_extents(path, image);
  const bool of_a_byte = image.bit_depth == 8;
  const bool below = image.bit_depth == 1 || image.bit_depth == 2 || image.bit_depth == 4;
  const bool above = image.bit_depth == 16;
  const int type = image.color_type;
  const bool known = (type == 0 && (below || of_a_byte || above)) || (type == 3 && (below || of_a_byte)) ||
                     ((type == 2 || type == 4 || type == 6) && (of_a_byte || above));
  if (!known || data[10] != std::byte{0} || data[11] != std::byte{0} || data[12] > std::byte{1}) {
    throw_format_error(path, "a PNG header of known methods",
                       "color type " + std::to_string(type) + " of " + std::to_string(image.bit_depth) + " bits");
  }
}

inline checked_image check_png(const std::string& path, std::span<const std::byte> bytes) {
  checked_image image;
  image.format = checked_image::kind::png;
  image.bytes.assign(bytes.begin(), bytes.begin() + 8);
  bool has_header = false, has_palette = false, has_pixels = false;
  for (std::size_t at = 8;;) {
    if (bytes.size() - at < 12) throw_truncated(path, "PNG", bytes.size());
    const std::size_t length = big_endian(bytes, at, 4);
    if (length > bytes.size() - at - 12) throw_truncated(path, "PNG", bytes.size());
    const std::span<const std::byte> chunk = bytes.subspan(at, length + 12), checked = chunk.subspan(4, length + 4);
    const std::string_view type(reinterpret_cast<const char*>(checked.data()), 4);
    const std::string where = "chunk " + in_quotes(type) + " at byte " + std::to_string(at);
    if (crc32(checked) != big_endian(chunk, length + 8, 4)) {
      throw_format_error(path, "a PNG image with sound checksums", "damage in " + where);
    }
    at += chunk.size();
    // Lower case first: what pixels do not depend on, such as colour profiles that libpng likes to complain of.
    if (type == "eXIf" && image.orientation == 1) image.orientation = exif_orientation(chunk.subspan(8, length));
    if ((type[0] & 0x20) != 0) continue;
    const bool fits = type == "IHDR"   ? !has_header
                      : !has_header    ? false
                      : type == "PLTE" ? !has_palette && !has_pixels
                      : type == "IDAT" ? image.color_type != 3 || has_palette
                                       : type == "IEND" && has_pixels;
    if (!fits) throw_format_error(path, "the chunks of a PNG image in order", where);
    if (type == "IHDR") {
      read_png_header(path, chunk.subspan(8, length), image);
      has_header = true;
    }
    if (type == "PLTE") {
      if (length == 0 || length > 768 || length % 3 != 0) {
        throw_format_error(path, "a palette of 1 to 256 colours", std::to_string(length) + " bytes");
      }
      has_palette = true;
      if (image.color_type != 3) continue;
    }
    if (type == "IDAT") has_pixels = true;
    image.bytes.insert(image.bytes.end(), chunk.begin(), chunk.end());
    if (type == "IEND") return image;
  }
}

/// Whether a JPEG segment is of the frame's kind, and whether such a frame comes in scans that refine each other.
constexpr bool is_frame(unsigned marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}
constexpr bool is_progressive(unsigned marker) { return is_frame(marker) && (marker & 3) == 2; }

inline checked_image check_jpeg(const std::string& path, std::span<const std::byte> bytes) {
  checked_image image;
  image.format = checked_image::kind::jpeg;
  std::size_t components = 0, scanned = 0;
  bool has_end = true;
  jpeg_scans scans;
  for (std::size_t at = 2;;) {
    if (at == bytes.size() && components > 0 && scanned >= components) {
      if (!scans.are_complete()) {
        throw_format_error(path, "a whole JPEG image",
                           "a progressive one that lacks scans which refine its pixels, cut short after " +
                               std::to_string(bytes.size()) + " bytes: get it anew");
      }
      if (!is_whole_jpeg(bytes)) throw_truncated(path, "JPEG", bytes.size());
      has_end = false;
      break;
    }
    if (at + 2 > bytes.size()) throw_truncated(path, "JPEG", bytes.size());
    if (bytes[at] != std::byte{0xff}) throw_format_error(path, "a JPEG marker at byte " + std::to_string(at), "none");
    const auto marker = std::to_integer<unsigned>(bytes[at + 1]);
    ++at;
    if (marker == 0xff) continue;  // a fill byte
    ++at;
    if (marker == 0xd9) break;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    if (bytes.size() - at < 2) throw_truncated(path, "JPEG", bytes.size());
    const std::size_t length = big_endian(bytes, at, 2);
    if (length > bytes.size() - at) throw_truncated(path, "JPEG", bytes.size());
    const bool frame = is_frame(marker), scan = marker == 0xda;
    if (length < (frame ? 8U : scan ? 3U : 2U) || (frame && components > 0)) {
      throw_format_error(path, "a sound JPEG segment", std::to_string(length) + " bytes at byte " + std::to_string(at));
    }
    const std::span<const std::byte> segment = bytes.subspan(at + 2, length - 2);
    if (frame) {
      image.height = big_endian(segment, 1, 2);
      image.width = big_endian(segment, 3, 2);
      components = big_endian(segment, 5, 1);
      if (components == 0) throw_format_error(path, "a JPEG image", "no colours");
      check_extents(path, image);
      if (is_progressive(marker)) scans.begin(segment);
    }
    // XMP stands in segments of the same kind, often in front of Exif.
    constexpr std::string_view exif("Exif\0", 5);
    const std::string_view text(reinterpret_cast<const char*>(segment.data()), segment.size());
    if (marker == 0xe1 && text.size() > exif.size() && text.starts_with(exif) && image.orientation == 1) {
      image.orientation = exif_orientation(segment.subspan(exif.size() + 1));
    }
    at += length;
    if (!scan) continue;
    scanned += big_endian(segment, 0, 1);
    scans.add(segment);
    // Compressed data lasts to the next marker; 0xff followed by 0 stands for itself, and restarts belong to the data.
    const auto ends = [&] {
      if (bytes[at] != std::byte{0xff}) return false;
      if (at + 1 == bytes.size()) return true;
      const auto next = std::to_integer<unsigned>(bytes[at + 1]);
      return next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7);
    };
    while (at < bytes.size() && !ends()) ++at;
  }
  if (components == 0 || scanned == 0) throw_format_error(path, "a JPEG image", "no pixels");
  image.bytes.assign(bytes.begin(), bytes.end());
  if (!has_end) image.bytes.insert(image.bytes.end(), {std::byte{0xff}, std::byte{0xd9}});
  return image;
}

/// Refuses what is neither PNG nor JPEG, or not whole.
inline checked_image check_image(const std::string& path, std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return check_png(path, bytes);
  if (text.starts_with("\xff\xd8\xff")) return check_jpeg(path, bytes);
  throw_format_error(path, "a PNG or JPEG image", bytes.empty() ? "an empty file" : "something else");
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
