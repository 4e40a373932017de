// SPDX-License-Identifier: Apache-2.0
// A segmentation dataset in a folder: train/ and val/, each with images/*.jpg and labels/*.png.
#pragma once

#if !__has_include(<opencv2/core.hpp>)
#  include "tenon/core/language.hpp"
#  error "OpenCV was not found. Debian: apt-get install libopencv-dev; by hand also -I/usr/include/opencv4"
#  include TENON_STOP
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <opencv2/imgproc.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/io/image.hpp"

namespace tenon {
inline namespace v0 {

/// What segmentation_folder makes of colours unless it is told otherwise: (value - 128) / 64, red first.
inline constexpr normalization centered{{128.0 / 255, 128.0 / 255, 128.0 / 255}, {64.0 / 255, 64.0 / 255, 64.0 / 255}};

/// Pairs of a picture and its labels: `images/NAME.jpg` (or .jpeg, .png) with `labels/NAME.png`, one class index a
/// pixel (see read_labels), extensions in letters of any case. Hidden files, folders, and files that are no pictures
/// are left out.
class segmentation_folder {
 public:
  /// Lists the pairs of a split, `folder/train` or `folder/val`, by name. Labels above `greatest_label` are errors when
  /// they are read; `colors` says what becomes of the pictures. Throws file_error for a folder that is missing,
  /// unreadable or empty, a picture without labels, labels without a picture, two files of one name, such as a.jpg and
  /// a.png, and a picture of a kind that is not read, such as a.bmp.
  segmentation_folder(const std::string& folder, const std::string& split, std::int32_t greatest_label = 255,
                      const normalization& colors = centered)
      : greatest_label_(greatest_label), colors_(colors) {
    namespace fs = std::filesystem;
    const fs::path images = fs::path(folder) / split / "images", labels = fs::path(folder) / split / "labels";
    for (const fs::path& needed : {images, labels}) {
      std::error_code problem;
      if (!fs::is_directory(needed, problem)) {
        throw file_error(
            needed.string() + ": no such folder; a dataset has train/ and val/, each with images/ and labels/",
            needed.string(), "a folder");
      }
    }
    const auto pictures_by_name = files_by_name(images, {".jpg", ".jpeg", ".png"});
    auto labels_by_name = files_by_name(labels, {".png"});
    for (const auto& [name, picture] : pictures_by_name) {
      const auto found = labels_by_name.find(name);
      if (found == labels_by_name.end()) {
        const std::string expected = (labels / (name + ".png")).string();
        throw file_error(expected + ": no labels for the picture " + picture, expected, "a label image");
      }
      pairs_.push_back({picture, found->second});
      labels_by_name.erase(found);
    }
    if (!labels_by_name.empty()) {
      const std::string& left = labels_by_name.begin()->second;
      throw file_error(left + ": no picture for these labels in " + images.string(), left, "a picture");
    }
    if (pairs_.empty())
      throw file_error(images.string() + ": no pictures (*.jpg, *.png)", images.string(), "pictures", "none");
    std::sort(pairs_.begin(), pairs_.end(), [](const pair& a, const pair& b) { return a.image < b.image; });
  }

  std::int64_t size() const { return static_cast<std::int64_t>(pairs_.size()); }
  const std::string& image_path(std::int64_t i) const { return pairs_[static_cast<std::size_t>(i)].image; }
  const std::string& label_path(std::int64_t i) const { return pairs_[static_cast<std::size_t>(i)].labels; }

  /// Reads a pair at the size of the views: the picture as (3, height, width), the labels as (height, width). Throws
  /// shape_error for views that do not go together, and what the other form throws.
  void read(std::int64_t i, const tensor_view<float, 3>& picture, const tensor_view<std::uint8_t, 2>& labels) const {
    const std::int64_t height = labels.extent(0), width = labels.extent(1);
    if (picture.extent(0) != 3 || picture.extent(1) != height || picture.extent(2) != width || height < 1 ||
        width < 1 || height > std::numeric_limits<std::int32_t>::max() ||
        width > std::numeric_limits<std::int32_t>::max()) {
      const std::string found = extents_to_text(picture.extents(), 3), of_labels = extents_to_text(labels.extents(), 2);
      const std::string expected = "3 x " + of_labels;
      throw shape_error("a picture of " + found + " for labels of " + of_labels + ", expected " + expected, "picture",
                        expected, found);
    }
    read(i, static_cast<std::int32_t>(height), static_cast<std::int32_t>(width), picture.data(), labels.data());
  }

  /// Reads a pair at the given size into memory that is large enough: the picture resized linearly (over areas where it
  /// shrinks) as (3, height, width) normalised floats; labels by the nearest pixel. Throws what read_image and
  /// read_labels throw, and shape_error for labels of another size than the picture.
  void read(std::int64_t i, std::int32_t height, std::int32_t width, float* picture, std::uint8_t* labels) const {
    const pair& files = pairs_[static_cast<std::size_t>(i)];
    image_rgb image = read_image(files.image);
    label_image label = read_labels(files.labels);
    if (image.height != label.height || image.width != label.width) {
      const std::string expected = extents_to_text(std::array{image.height, image.width}, 2);
      const std::string found = extents_to_text(std::array{label.height, label.width}, 2);
      throw shape_error(files.labels + ": labels of " + found + " for a picture of " + expected, files.labels, expected,
                        found);
    }
    const auto worst = std::max_element(label.labels.begin(), label.labels.end());
    if (*worst > greatest_label_) {
      throw label_error(files.labels + ": label " + std::to_string(*worst) + " at pixel " +
                            std::to_string(worst - label.labels.begin()) + ", expected 0 to " +
                            std::to_string(greatest_label_),
                        files.labels, "0 to " + std::to_string(greatest_label_), std::to_string(*worst));
    }
    const cv::Size size(width, height);
    image_rgb resized{height, width, std::vector<std::uint8_t>(3 * static_cast<std::size_t>(size.area()))};
    const bool shrinks = image.height > height || image.width > width;
    cv::resize(cv::Mat(image.height, image.width, CV_8UC3, image.pixels.data()),
               cv::Mat(height, width, CV_8UC3, resized.pixels.data()), size, 0, 0,
               shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
    to_tensor(resized, colors_, picture);
    cv::Mat nearest(height, width, CV_8UC1, labels);
    cv::resize(cv::Mat(label.height, label.width, CV_8UC1, label.labels.data()), nearest, size, 0, 0,
               cv::INTER_NEAREST);
  }

 private:
  struct pair {
    std::string image, labels;
  };

  /// The paths of a folder's files of these kinds by their names without the extension.
  static std::map<std::string, std::string> files_by_name(const std::filesystem::path& folder,
                                                          std::initializer_list<std::string_view> kinds) {
    namespace fs = std::filesystem;
    std::map<std::string, std::string> result;
    std::error_code problem;
    for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
      const fs::path& path = entry->path();
      std::string kind = path.extension().string();
      for (char& letter : kind)
        letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
      std::error_code ignored;
      if (path.filename().string().starts_with('.') || fs::is_directory(path, ignored)) continue;
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
        constexpr std::string_view others[] = {".jpg", ".jpeg", ".png",  ".bmp",  ".gif",  ".jp2", ".ppm",
                                               ".pgm", ".tif",  ".tiff", ".webp", ".avif", ".heic"};
        if (std::find(std::begin(others), std::end(others), kind) == std::end(others)) continue;
        std::string expected;
        for (const std::string_view each : kinds) expected += (expected.empty() ? "*" : ", *") + std::string(each);
        throw file_error(path.string() + ": a picture of a kind that is not read here, expected " + expected,
                         path.string(), expected, kind);
      }
      const auto [place, is_new] = result.emplace(path.stem().string(), path.string());
      if (is_new) continue;
      // Named in one order, whatever the folder's.
      const std::string first = std::min(place->second, path.string()), second = std::max(place->second, path.string());
      throw file_error(second + ": expected one file of a name, found " + first + " too", second, "one file of a name",
                       first);
    }
    if (problem) {
      throw file_error(folder.string() + ": this folder cannot be read: " + problem.message(), folder.string());
    }
    return result;
  }

  std::vector<pair> pairs_;
  std::int32_t greatest_label_;
  normalization colors_;
};

}  // namespace v0
}  // namespace tenon
