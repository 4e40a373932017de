// SPDX-License-Identifier: Apache-2.0
// Segmentation metrics: the confusion matrix and what follows from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/core/error.hpp"

namespace tenon {
inline namespace v0 {

/// Counts pixels by truth and prediction. Pixels whose truth is the ignored label do not count.
class confusion_matrix {
 public:
  explicit confusion_matrix(std::int32_t classes)
      : classes_(classes), counts_(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes), 0) {}

  /// Adds one pixel. Throws label_error for a label or prediction that is no class, and counts nothing.
  void add(std::int64_t truth, std::int64_t prediction, std::int64_t ignored = -1) {
    if (truth == ignored) return;
    check(truth, "the label", {});
    check(prediction, "the prediction", {});
    ++counts_[static_cast<std::size_t>(truth * classes_ + prediction)];
  }

  /// Adds the pixels of one picture: `scores` is (classes, pixels), the greatest score (the first of equals) is the
  /// prediction. Throws label_error, which names the picture and the pixel's number in it, for a label that is no
  /// class, and counts nothing.
  void add_scores(const float* scores, const std::uint8_t* truth, std::int64_t pixels, std::int64_t ignored = -1,
                  const std::string& picture = "the picture") {
    for (std::int64_t i = 0; i < pixels; ++i) {
      if (truth[i] != ignored) check(truth[i], picture, i);
    }
    for (std::int64_t i = 0; i < pixels; ++i) add(truth[i], greatest(scores + i, pixels, classes_), ignored);
  }

  /// The class of the greatest of scores that lie `stride` apart; the first of equals.
  static std::int32_t greatest(const float* scores, std::int64_t stride, std::int32_t classes) {
    std::int32_t best = 0;
    for (std::int32_t c = 1; c < classes; ++c) {
      if (scores[c * stride] > scores[best * stride]) best = c;
    }
    return best;
  }

  std::int32_t classes() const { return classes_; }
  std::int64_t count(std::int32_t truth, std::int32_t prediction) const {
    return counts_[static_cast<std::size_t>(truth * classes_ + prediction)];
  }

  /// Whether a class occurs in truth or prediction.
  bool occurs(std::int32_t label) const { return in_either(label) > 0; }

  /// Intersection over union of a class: pixels where truth and prediction agree on it, over pixels where either has
  /// it; 0 for a class that occurs in neither.
  double iou(std::int32_t label) const {
    const std::int64_t either = in_either(label);
    return either == 0 ? 0.0 : static_cast<double>(count(label, label)) / static_cast<double>(either);
  }

  /// The mean of iou over classes that occur.
  double mean_iou() const {
    double sum = 0;
    int occurring = 0;
    for (std::int32_t c = 0; c < classes_; ++c) {
      if (!occurs(c)) continue;
      sum += iou(c);
      ++occurring;
    }
    return occurring == 0 ? 0.0 : sum / occurring;
  }

  /// The share of pixels that are right.
  double pixel_accuracy() const {
    std::int64_t right = 0, all = 0;
    for (std::int32_t c = 0; c < classes_; ++c) right += count(c, c);
    for (const std::int64_t entry : counts_) all += entry;
    return all == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(all);
  }

 private:
  void check(std::int64_t label, const std::string& where, std::optional<std::int64_t> pixel) const {
    if (label >= 0 && label < classes_) return;
    const std::string expected = "0 to " + std::to_string(classes_ - 1), found = std::to_string(label);
    throw label_error(where + (pixel ? ": label " + found + " at pixel " + std::to_string(*pixel) : " " + found) +
                          " is no class: expected " + expected,
                      where, expected, found);
  }

  std::int64_t in_either(std::int32_t label) const {
    std::int64_t sum = -count(label, label);
    for (std::int32_t c = 0; c < classes_; ++c) sum += count(label, c) + count(c, label);
    return sum;
  }

  std::int32_t classes_;
  std::vector<std::int64_t> counts_;
};

}  // namespace v0
}  // namespace tenon
