// SPDX-License-Identifier: Apache-2.0
// Pictures and label images: PNG and JPEG in, PNG out, through OpenCV; and their way into tensors and back.
// Links opencv_core, opencv_imgcodecs and opencv_imgproc.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <span>
#include <string>
#include <vector>

#include "tenon/core/compiler.hpp"
#include "tenon/core/error.hpp"
#include "tenon/io/file.hpp"
#include "tenon/io/image_format.hpp"

namespace tenon {
inline namespace v0 {

/// A colour picture: (height, width, 3) bytes, red first.
struct image_rgb {
  int height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
};

/// A class a pixel: (height, width).
struct label_image {
  int height = 0, width = 0;
  std::vector<std::uint8_t> labels;
};

namespace detail {

/// Keeps OpenCV's log from the user's terminal for the duration of a scope.
class opencv_silence {
 public:
  opencv_silence() : before_(cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT)) {}
  ~opencv_silence() { cv::utils::logging::setLogLevel(before_); }
  opencv_silence(const opencv_silence&) = delete;
  opencv_silence& operator=(const opencv_silence&) = delete;

 private:
  cv::utils::logging::LogLevel before_;
};

inline cv::Mat decode(const std::string& path, checked_image& image, int flags, int type) {
  const opencv_silence silence;
  cv::Mat result;
  try {
    const cv::Mat bytes(1, static_cast<int>(image.bytes.size()), CV_8U, image.bytes.data());
    result = cv::imdecode(bytes, flags);
  } catch (const cv::Exception&) {
    result = cv::Mat();
  }
  // Turned by its Exif orientation, a photograph's sides may have changed places.
  if (result.empty() || result.type() != type ||
      static_cast<std::int64_t>(result.total()) != image.height * image.width) {
    throw_format_error(path, "an image that can be decoded", "damaged pixels");
  }
  return result;
}

inline void encode_png(const std::string& path, const cv::Mat& pixels) {
  std::vector<std::uint8_t> bytes;
  bool encoded = false;
  {
    const opencv_silence silence;
    try {
      encoded = cv::imencode(".png", pixels, bytes);
    } catch (const cv::Exception&) {
      encoded = false;
    }
  }
  if (!encoded) throw format_error(path + ": the image cannot be encoded as PNG", path);
  const std::span<const std::byte> part = std::as_bytes(std::span(bytes));
  replace_file(path, std::span(&part, 1));
}

/// Refuses a picture whose extents and bytes do not agree, or that has none.
inline void check_picture(const std::string& name, int height, int width, int channels, std::size_t bytes) {
  const std::int64_t expected = std::int64_t{height} * width * channels;
  if (height >= 1 && width >= 1 && static_cast<std::int64_t>(bytes) == expected) return;
  const std::string wanted = "1 x 1 pixels or more, with a byte for each of their values";
  const std::string found =
      std::to_string(width) + " x " + std::to_string(height) + " with " + std::to_string(bytes) + " bytes";
  throw shape_error(name + ": expected " + wanted + ", found " + found, name, wanted, found);
}

}  // namespace detail

/// Reads a PNG or JPEG picture of any depth as 8-bit RGB: grey and palette become colour, transparency is dropped, a
/// photograph is turned as its Exif orientation says. Throws file_error if the file is missing or cannot be read,
/// format_error if it is neither PNG nor JPEG, truncated or damaged.
inline image_rgb read_image(const std::string& path) {
  const mapped_file file(path);
  detail::checked_image checked = detail::check_image(path, file.bytes());
  const cv::Mat blue_first = detail::decode(path, checked, cv::IMREAD_COLOR, CV_8UC3);
  image_rgb result{blue_first.rows, blue_first.cols, std::vector<std::uint8_t>(blue_first.total() * 3)};
  cv::Mat red_first(result.height, result.width, CV_8UC3, result.pixels.data());
  cv::cvtColor(blue_first, red_first, cv::COLOR_BGR2RGB);
  return result;
}

/// Reads a label image, a grey PNG of 8 bits, its values unchanged. Throws file_error as read_image does, format_error
/// for anything else: a colour or palette picture, another depth, a JPEG (whose values are only near the labels).
inline label_image read_labels(const std::string& path) {
  const mapped_file file(path);
  detail::checked_image checked = detail::check_image(path, file.bytes());
  const std::string expected = "a grey PNG of 8 bits for labels";
  if (checked.format != detail::checked_image::kind::png) detail::throw_format_error(path, expected, "a JPEG");
  if (checked.color_type != 0 || checked.bit_depth != 8) {
    const std::string bits = std::to_string(checked.bit_depth) + " bits a sample";
    const int type = checked.color_type;
    detail::throw_format_error(path, expected,
                               (type == 0   ? "a grey PNG of "
                                : type == 3 ? "a PNG with a palette of "
                                : type == 4 ? "a grey PNG with transparency of "
                                            : "a colour PNG of ") +
                                   bits);
  }
  const cv::Mat values = detail::decode(path, checked, cv::IMREAD_UNCHANGED, CV_8UC1);
  label_image result{values.rows, values.cols, std::vector<std::uint8_t>(values.total())};
  values.copyTo(cv::Mat(result.height, result.width, CV_8UC1, result.labels.data()));
  return result;
}

/// Writes a picture as PNG. `path` holds what it held before or the whole new file (see replace_file). Throws
/// file_error if it cannot be written, shape_error if `pixels` does not fit the extents or is empty.
inline void write_png(const std::string& path, const image_rgb& image) {
  detail::check_picture(path, image.height, image.width, 3, image.pixels.size());
  cv::Mat blue_first;
  cv::cvtColor(cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.pixels.data())), blue_first,
               cv::COLOR_RGB2BGR);
  detail::encode_png(path, blue_first);
}

/// Writes labels as a grey PNG of 8 bits, which read_labels reads back unchanged. Errors as for a picture.
inline void write_png(const std::string& path, const label_image& image) {
  detail::check_picture(path, image.height, image.width, 1, image.labels.size());
  detail::encode_png(path, cv::Mat(image.height, image.width, CV_8UC1, const_cast<std::uint8_t*>(image.labels.data())));
}

/// Writes a picture as (3, height, width) floats, red first: (value / 255 - mean) / deviation a channel, torchvision's
/// convention. `destination` has room for 3 * height * width. Throws shape_error if `pixels` does not fit the extents.
inline void to_tensor(const image_rgb& image, const std::array<float, 3>& mean, const std::array<float, 3>& deviation,
                      float* destination) {
  detail::check_picture("image", image.height, image.width, 3, image.pixels.size());
  const std::size_t plane = image.pixels.size() / 3;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t i = 0; i < plane; ++i) {
      const float value = static_cast<float>(image.pixels[3 * i + channel]) / 255.0F;
      destination[channel * plane + i] = (value - mean[channel]) / deviation[channel];
    }
  }
}

TENON_EXACT_BEGIN

/// The picture of (3, height, width) floats as to_tensor writes them, rounded to the nearest byte; values outside the
/// bytes (not a number among them) become the nearest byte, 0 for not a number.
inline image_rgb to_image(const float* source, int height, int width, const std::array<float, 3>& mean,
                          const std::array<float, 3>& deviation) {
  const std::size_t plane = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  image_rgb result{height, width, std::vector<std::uint8_t>(3 * plane)};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t i = 0; i < plane; ++i) {
      const float value = (source[channel * plane + i] * deviation[channel] + mean[channel]) * 255.0F;
      // Written so that a comparison with not-a-number, which is false, gives 0.
      result.pixels[3 * i + channel] =
          value > 0.0F ? static_cast<std::uint8_t>(std::lround(std::min(value, 255.0F))) : std::uint8_t{0};
    }
  }
  return result;
}

TENON_EXACT_END

}  // namespace v0
}  // namespace tenon
