// SPDX-License-Identifier: Apache-2.0
// A segmentation dataset in a folder: train/ and val/, each with images/*.jpg and labels/*.png.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/io/image.hpp"

namespace tenon {
inline namespace v0 {

/// Pairs of a picture and its labels: `images/NAME.jpg` (or .jpeg, .png) with `labels/NAME.png`, one class index a
/// pixel.
class segmentation_folder {
 public:
  /// Lists the pairs of a split, `folder/train` or `folder/val`, by name. Labels above `greatest_label` are errors when
  /// they are read. Throws file_error for a folder that is missing, unreadable or empty, and for a picture without
  /// labels.
  segmentation_folder(const std::string& folder, const std::string& split, std::int32_t greatest_label = 255)
      : greatest_label_(greatest_label) {
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
    std::error_code unreadable;
    for (const fs::directory_entry& entry : fs::directory_iterator(images, unreadable)) {
      const std::string kind = entry.path().extension().string();
      if (kind != ".jpg" && kind != ".jpeg" && kind != ".png") continue;
      const fs::path label = labels / entry.path().stem().concat(".png");
      std::error_code problem;
      if (!fs::is_regular_file(label, problem)) {
        throw file_error(label.string() + ": no labels for the picture " + entry.path().string(), label.string(),
                         "a label image");
      }
      pairs_.push_back({entry.path().string(), label.string()});
    }
    if (unreadable) {
      throw file_error(images.string() + ": this folder cannot be read: " + unreadable.message(), images.string());
    }
    if (pairs_.empty())
      throw file_error(images.string() + ": no pictures (*.jpg, *.png)", images.string(), "pictures", "none");
    std::sort(pairs_.begin(), pairs_.end(), [](const pair& a, const pair& b) { return a.image < b.image; });
  }

  std::int64_t size() const { return static_cast<std::int64_t>(pairs_.size()); }
  const std::string& image_path(std::int64_t i) const { return pairs_[static_cast<std::size_t>(i)].image; }

  /// Reads a pair at the given size: the picture resized linearly (over areas where it shrinks) as (3, height, width),
  /// (value - 128) / 64 of colour values; labels by the nearest pixel. Throws what read_image and read_labels throw,
  /// and shape_error for labels of another size than the picture.
  void read(std::int64_t i, std::int32_t height, std::int32_t width, float* picture, std::uint8_t* labels) const {
    const pair& files = pairs_[static_cast<std::size_t>(i)];
    image_rgb image = read_image(files.image);
    label_image label = read_labels(files.labels);
    if (image.height != label.height || image.width != label.width) {
      const auto text = [](int h, int w) { return std::to_string(h) + " x " + std::to_string(w); };
      throw shape_error(files.labels + ": labels of " + text(label.height, label.width) + " for a picture of " +
                            text(image.height, image.width),
                        files.labels, text(image.height, image.width), text(label.height, label.width));
    }
    const auto worst = std::max_element(label.labels.begin(), label.labels.end());
    if (*worst > greatest_label_) {
      throw label_error(files.labels + ": label " + std::to_string(*worst) + " at pixel " +
                            std::to_string(worst - label.labels.begin()) + ", expected 0 to " +
                            std::to_string(greatest_label_),
                        files.labels, "0 to " + std::to_string(greatest_label_), std::to_string(*worst));
    }
    const cv::Size size(width, height);
    cv::Mat resized;
    const bool shrinks = image.height > height || image.width > width;
    cv::resize(cv::Mat(image.height, image.width, CV_8UC3, image.pixels.data()), resized, size, 0, 0,
               shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
    const std::int64_t plane = static_cast<std::int64_t>(height) * width;
    for (std::int32_t y = 0; y < height; ++y) {
      const std::uint8_t* row = resized.ptr<std::uint8_t>(y);
      for (std::int32_t x = 0; x < width; ++x) {
        for (std::int32_t c = 0; c < 3; ++c) {
          picture[c * plane + static_cast<std::int64_t>(y) * width + x] =
              (static_cast<float>(row[3 * x + c]) - 128.0f) / 64.0f;
        }
      }
    }
    cv::Mat nearest(height, width, CV_8UC1, labels);
    cv::resize(cv::Mat(label.height, label.width, CV_8UC1, label.labels.data()), nearest, size, 0, 0,
               cv::INTER_NEAREST);
  }

 private:
  struct pair {
    std::string image, labels;
  };
  std::vector<pair> pairs_;
  std::int32_t greatest_label_;
};

}  // namespace v0
}  // namespace tenon
