// SPDX-License-Identifier: Apache-2.0
// Pictures and label images: PNG and JPEG in, PNG out, through OpenCV; and their way into tensors and back.
// Links opencv_core, opencv_imgcodecs and opencv_imgproc.
#pragma once

#if !__has_include(<opencv2/core.hpp>)
#  include "tenon/core/language.hpp"
#  error "OpenCV was not found. Debian: apt-get install libopencv-dev; by hand also -I/usr/include/opencv4"
#  include TENON_STOP
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <span>
#include <string>
#include <vector>

#include "tenon/core/compiler.hpp"
#include "tenon/core/error.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/io/file.hpp"
#include "tenon/io/image_format.hpp"
#include "tenon/io/label_format.hpp"

namespace tenon {
inline namespace v0 {

/// A colour picture: (height, width, 3) bytes, red first.
struct image_rgb {
  int height = 0, width = 0;
  std::vector<std::uint8_t> pixels;
};

enum class channel_order : std::uint8_t { rgb, bgr };

/// How colours become a network's input: (value / 255 - mean) / deviation a channel, torchvision's convention. `mean`
/// and `deviation` stand in the order of the channels of the input, which `order` names. To give both as of bytes,
/// divide them by 255.
struct normalization {
  std::array<double, 3> mean{0, 0, 0}, deviation{1, 1, 1};
  channel_order order = channel_order::rgb;
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

/// An empty matrix for what OpenCV refuses.
inline cv::Mat decode_bytes(std::vector<std::byte>& bytes, int flags) {
  try {
    return cv::imdecode(cv::Mat(1, static_cast<int>(bytes.size()), CV_8U, bytes.data()), flags);
  } catch (const cv::Exception&) {
    return {};
  }
}

/// Turns a picture the way its Exif orientation says.
inline cv::Mat upright(const cv::Mat& pixels, int orientation) {
  cv::Mat result = pixels;
  if (orientation >= 5) cv::transpose(pixels, result);
  if (orientation == 2 || orientation == 6) cv::flip(result, result, 1);
  if (orientation == 3 || orientation == 7) cv::flip(result, result, -1);
  if (orientation == 4 || orientation == 8) cv::flip(result, result, 0);
  return result;
}

/// The pixels of an image, upright. OpenCV misses orientations, so that is done here.
inline cv::Mat decode(const std::string& path, checked_image& image, int flags, int type) {
  const opencv_silence silence;
  const cv::Mat result = decode_bytes(image.bytes, flags);
  if (result.empty() || result.type() != type || result.rows != image.height || result.cols != image.width) {
    throw_format_error(path, "an image that can be decoded", "damaged pixels");
  }
  return upright(result, image.orientation);
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
/// photograph is turned as its Exif orientation says. A JPEG may lack its end marker if nothing else is missing, of a
/// progressive one all scans are there. Throws file_error if the file is missing or cannot be
/// read, format_error if it is neither PNG nor JPEG, truncated or damaged.
inline image_rgb read_image(const std::string& path) {
  const mapped_file file(path);
  detail::checked_image checked = detail::check_image(path, file.bytes());
  const cv::Mat blue_first = detail::decode(path, checked, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION, CV_8UC3);
  image_rgb result{blue_first.rows, blue_first.cols, std::vector<std::uint8_t>(blue_first.total() * 3)};
  cv::Mat red_first(result.height, result.width, CV_8UC3, result.pixels.data());
  cv::cvtColor(blue_first, red_first, cv::COLOR_BGR2RGB);
  return result;
}

/// Reads a label image, a PNG of at most 8 bits, its values unchanged: grey of 1 bit gives 0 and 1, and of a palette,
/// such as Pascal VOC's, the index is the label. Throws file_error as read_image does, format_error for anything else:
/// a colour picture, 16 bits, a JPEG (whose values are only near the labels).
inline label_image read_labels(const std::string& path) {
  const mapped_file file(path);
  detail::checked_image checked = detail::check_image(path, file.bytes());
  detail::check_labels_format(path, checked);
  detail::show_indices(checked);
  const cv::Mat values = detail::decode(path, checked, cv::IMREAD_UNCHANGED, CV_8UC1);
  label_image result{values.rows, values.cols, std::vector<std::uint8_t>(values.total())};
  values.copyTo(cv::Mat(result.height, result.width, CV_8UC1, result.labels.data()));
  detail::unstretch(result.labels, checked.bit_depth);
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

/// Writes a picture as (3, height, width) floats. `destination` has room for 3 * height * width. Throws shape_error if
/// `pixels` does not fit the extents.
inline void to_tensor(const image_rgb& image, const normalization& how, float* destination) {
  detail::check_picture("image", image.height, image.width, 3, image.pixels.size());
  const std::size_t plane = image.pixels.size() / 3;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    std::array<float, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = static_cast<float>((static_cast<double>(i) / 255 - how.mean[channel]) / how.deviation[channel]);
    }
    const std::size_t color = how.order == channel_order::rgb ? channel : 2 - channel;
    float* const to = destination + channel * plane;
    for (std::size_t i = 0; i < plane; ++i) to[i] = table[image.pixels[3 * i + color]];
  }
}

/// The same with the mean and deviation of red, green and blue.
inline void to_tensor(const image_rgb& image, const std::array<float, 3>& mean, const std::array<float, 3>& deviation,
                      float* destination) {
  const auto doubles = [](const std::array<float, 3>& of) { return std::array<double, 3>{of[0], of[1], of[2]}; };
  to_tensor(image, {doubles(mean), doubles(deviation)}, destination);
}

namespace detail {

/// Throws shape_error unless a view is (3, height, width).
inline void check_planes(const std::array<std::int64_t, 3>& found, std::int64_t height, std::int64_t width) {
  const std::array<std::int64_t, 3> wanted = {3, height, width};
  if (found == wanted && height >= 1 && width >= 1) return;
  const std::string expected = extents_to_text(wanted, 3), given = extents_to_text(found, 3);
  throw shape_error("a view of " + given + " for a picture, expected " + expected, "picture", expected, given);
}

}  // namespace detail

/// Writes a picture as (3, height, width) floats into a view of that size. Throws shape_error for another size too.
inline void to_tensor(const image_rgb& image, const normalization& how, const tensor_view<float, 3>& destination) {
  detail::check_planes(destination.extents(), image.height, image.width);
  to_tensor(image, how, destination.data());
}
inline void to_tensor(const image_rgb& image, const std::array<float, 3>& mean, const std::array<float, 3>& deviation,
                      const tensor_view<float, 3>& destination) {
  detail::check_planes(destination.extents(), image.height, image.width);
  to_tensor(image, mean, deviation, destination.data());
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

/// The same of a view. Throws shape_error if it is not (3, height, width).
inline image_rgb to_image(const tensor_view<const float, 3>& source, const std::array<float, 3>& mean,
                          const std::array<float, 3>& deviation) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  const std::int64_t height = source.extent(1), width = source.extent(2);
  detail::check_planes(source.extents(), std::min(height, most), std::min(width, most));
  return to_image(source.data(), static_cast<int>(height), static_cast<int>(width), mean, deviation);
}

}  // namespace v0
}  // namespace tenon
