// SPDX-License-Identifier: Apache-2.0
// Segmentation metrics: the confusion matrix and what follows from it.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/core/tensor_view.hpp"

namespace tenon {
inline namespace v0 {

/// Counts pixels by truth and prediction, in 64 bits. A pixel whose truth is an ignored label does not count at all; an
/// ignored label that is also a class (a void class) has no part in any mean, and to predict it where something else is
/// true is a mistake as any other: torchmetrics' convention for `ignore_index`, and Cityscapes'.
///
///     tenon::confusion_matrix matrix(19, 255);       // of cross_entropy<tenon::ignore<255>>
///     tenon::confusion_matrix void_class(12, 11);    // the last of 12 classes is void
///     matrix.add_scores(predict(pictures), labels);  // both tensor_views
class confusion_matrix {
 public:
  /// Throws shape_error for less than one class.
  explicit confusion_matrix(std::int32_t classes, std::vector<std::int64_t> ignored = {})
      : classes_(classes), ignored_(std::move(ignored)) {
    if (classes < 1) {
      const std::string found = std::to_string(classes);
      throw shape_error("a confusion matrix of " + found + " classes, expected 1 or more", "classes", "1 or more",
                        found);
    }
    counts_.resize(static_cast<std::size_t>(classes) * static_cast<std::size_t>(classes));
  }
  confusion_matrix(std::int32_t classes, std::int64_t ignored)
      : confusion_matrix(classes, std::vector<std::int64_t>{ignored}) {}

  /// Adds one pixel; `ignored` is one more ignored label, from now on. Throws label_error for a label or prediction
  /// that is no class, and counts nothing.
  void add(std::int64_t truth, std::int64_t prediction, std::int64_t ignored = -1) {
    ignore_also(ignored);
    if (truth == ignored || is_ignored(truth)) return;
    check(truth, "the label", {});
    check(prediction, "the prediction", {});
    ++counts_[static_cast<std::size_t>(truth * classes_ + prediction)];
  }

  /// Adds the pixels of one picture: `scores` is (classes, pixels), the greatest score (the first of equals) is the
  /// prediction; labels are any integers. Throws label_error, which names the picture and the pixel's number in it, for
  /// a label that is no class, and counts nothing.
  template <std::integral Label>
  void add_scores(const float* scores, const Label* truth, std::int64_t pixels, std::int64_t ignored = -1,
                  const std::string& picture = "the picture") {
    check_labels(truth, pixels, ignored, picture);
    ignore_also(ignored);
    count_scores(scores, truth, pixels, ignored);
  }

  /// The same for a batch, what a predictor gives and the labels: (N, classes, [D,] H, W) and (N, [D,] H, W). Throws
  /// shape_error for views that do not go together, or of another number of classes; of several pictures an error's
  /// name is followed by the number of the picture, from 0 on.
  template <class T, int Rank, std::integral Label, int LabelRank>
  requires(std::same_as<std::remove_const_t<T>, float>) void add_scores(const tensor_view<T, Rank>& scores,
                                                                        const tensor_view<Label, LabelRank>& truth,
                                                                        std::int64_t ignored = -1,
                                                                        const std::string& picture = "the picture") {
    static_assert(LabelRank == Rank - 1,
                  "scores are (N, C, H, W) and labels (N, H, W), of volumes (N, C, D, H, W) and "
                  "(N, D, H, W)");
    const std::int64_t pixels = pixels_of_scores(scores);
    bool fits = scores.extent(0) == truth.extent(0);
    for (int i = 1; i < LabelRank; ++i) fits = fits && scores.extent(i + 1) == truth.extent(i);
    if (!fits) {
      const std::string found = extents_to_text(truth.extents(), LabelRank);
      const std::string given = extents_to_text(scores.extents(), Rank);
      throw shape_error("labels of " + found + " do not go with scores of " + given, "labels", given, found);
    }
    const std::int64_t pictures = scores.extent(0);
    for (std::int64_t n = 0; n < pictures; ++n) {
      check_labels(truth.data() + n * pixels, pixels, ignored,
                   pictures == 1 ? picture : picture + " " + std::to_string(n));
    }
    ignore_also(ignored);
    for (std::int64_t n = 0; n < pictures; ++n) {
      count_scores(scores.data() + n * classes_ * pixels, truth.data() + n * pixels, pixels, ignored);
    }
  }

  /// The class of the greatest score of each pixel, the first of equals: (N, [D,] H, W) in a row, of scores (N,
  /// classes, [D,] H, W). Throws shape_error for another number of classes, or more than a Label holds.
  template <std::integral Label = std::uint8_t, class T, int Rank>
  requires(std::same_as<std::remove_const_t<T>, float>) std::vector<Label> predictions(
      const tensor_view<T, Rank>& scores)
  const {
    const std::int64_t pixels = pixels_of_scores(scores);
    if (static_cast<std::int64_t>(static_cast<Label>(classes_ - 1)) != classes_ - 1) {
      const std::string expected = "labels that hold " + std::to_string(classes_ - 1);
      const std::string found = std::to_string(sizeof(Label)) + " bytes a label";
      throw shape_error("predictions: expected " + expected + ", found " + found, "predictions", expected, found);
    }
    std::vector<Label> result;
    result.reserve(static_cast<std::size_t>(scores.extent(0) * pixels));
    for (std::int64_t n = 0; n < scores.extent(0); ++n) {
      const float* const of = scores.data() + n * classes_ * pixels;
      for (std::int64_t i = 0; i < pixels; ++i)
        result.push_back(static_cast<Label>(greatest(of + i, pixels, classes_)));
    }
    return result;
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

  /// Whether a class has a part in mean_iou: it occurs in truth or prediction, and is not ignored.
  bool occurs(std::int32_t label) const { return !is_ignored(label) && in_either(label) > 0; }

  /// Intersection over union of a class: pixels where truth and prediction agree on it, over pixels where either has
  /// it; 0 for a class that occurs in neither, and for an ignored one.
  double iou(std::int32_t label) const {
    return is_ignored(label) ? 0.0 : share(count(label, label), in_either(label));
  }

  /// The share of a class's pixels that are predicted as it; 0 for a class that no truth has, or an ignored one.
  double class_accuracy(std::int32_t label) const {
    return is_ignored(label) ? 0.0 : share(count(label, label), in_truth(label));
  }

  /// The mean of iou over classes that occur in truth or prediction.
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

  /// The class average: the mean of class_accuracy over classes with a pixel in the truth.
  double mean_accuracy() const {
    double sum = 0;
    int occurring = 0;
    for (std::int32_t c = 0; c < classes_; ++c) {
      if (in_truth(c) == 0) continue;
      sum += class_accuracy(c);
      ++occurring;
    }
    return occurring == 0 ? 0.0 : sum / occurring;
  }

  /// The share of counted pixels that are right.
  double pixel_accuracy() const {
    std::int64_t right = 0, all = 0;
    for (std::int32_t c = 0; c < classes_; ++c) {
      right += is_ignored(c) ? 0 : count(c, c);
      all += in_truth(c);
    }
    return share(right, all);
  }

 private:
  /// The pixels of one picture.
  template <class T, int Rank>
  std::int64_t pixels_of_scores(const tensor_view<T, Rank>& scores) const {
    static_assert(Rank >= 2, "scores are (N, C, H, W), of volumes (N, C, D, H, W)");
    if (scores.extent(1) != classes_) {
      const std::string expected = std::to_string(classes_), found = std::to_string(scores.extent(1));
      throw shape_error("scores of " + found + " classes for a confusion matrix of " + expected, "scores", expected,
                        found);
    }
    std::int64_t pixels = 1;
    for (int i = 2; i < Rank; ++i) pixels *= scores.extent(i);
    return pixels;
  }

  template <class Label>
  void check_labels(const Label* truth, std::int64_t pixels, std::int64_t ignored, const std::string& picture) const {
    for (std::int64_t i = 0; i < pixels; ++i) {
      const auto label = static_cast<std::int64_t>(truth[i]);
      if (label != ignored && !is_ignored(label)) check(label, picture, i);
    }
  }

  template <class Label>
  void count_scores(const float* scores, const Label* truth, std::int64_t pixels, std::int64_t ignored) {
    for (std::int64_t i = 0; i < pixels; ++i) {
      const auto label = static_cast<std::int64_t>(truth[i]);
      if (label != ignored && !is_ignored(label))
        ++counts_[static_cast<std::size_t>(label * classes_ + greatest(scores + i, pixels, classes_))];
    }
  }

  void check(std::int64_t label, const std::string& where, std::optional<std::int64_t> pixel) const {
    if (label >= 0 && label < classes_) return;
    const std::string expected = "0 to " + std::to_string(classes_ - 1), found = std::to_string(label);
    throw label_error(where + (pixel ? ": label " + found + " at pixel " + std::to_string(*pixel) : " " + found) +
                          " is no class: expected " + expected,
                      where, expected, found);
  }

  static double share(std::int64_t part, std::int64_t all) {
    return all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all);
  }

  bool is_ignored(std::int64_t label) const {
    return std::find(ignored_.begin(), ignored_.end(), label) != ignored_.end();
  }
  void ignore_also(std::int64_t label) {
    if (label != -1 && !is_ignored(label)) ignored_.push_back(label);
  }

  /// Counted pixels whose truth is the class. What was counted before a label came to be ignored counts no more.
  std::int64_t in_truth(std::int32_t label) const {
    std::int64_t sum = 0;
    for (std::int32_t c = 0; c < classes_ && !is_ignored(label); ++c) sum += count(label, c);
    return sum;
  }
  std::int64_t in_either(std::int32_t label) const {
    std::int64_t sum = in_truth(label);
    for (std::int32_t c = 0; c < classes_; ++c) sum += c == label || is_ignored(c) ? 0 : count(c, label);
    return sum;
  }

  std::int32_t classes_;
  std::vector<std::int64_t> ignored_, counts_;
};

}  // namespace v0
}  // namespace tenon
