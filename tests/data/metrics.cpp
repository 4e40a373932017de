// SPDX-License-Identifier: Apache-2.0
// Segmentation metrics against values found by hand.
#include "tenon/train/metrics.hpp"

#include <catch2/catch.hpp>

TEST_CASE("intersection over union, by hand") {
  tenon::confusion_matrix matrix(4);
  // Truth 0 0 0 1 1 2, prediction 0 0 1 1 2 2; one pixel is ignored; class 3 occurs nowhere.
  const int truth[] = {0, 0, 0, 1, 1, 2, 9}, prediction[] = {0, 0, 1, 1, 2, 2, 0};
  for (int i = 0; i < 7; ++i) matrix.add(truth[i], prediction[i], 9);
  CHECK(matrix.iou(0) == Approx(2.0 / 3));
  CHECK(matrix.iou(1) == Approx(1.0 / 3));
  CHECK(matrix.iou(2) == Approx(1.0 / 2));
  CHECK_FALSE(matrix.occurs(3));
  CHECK(matrix.mean_iou() == Approx((2.0 / 3 + 1.0 / 3 + 1.0 / 2) / 3));
  CHECK(matrix.pixel_accuracy() == Approx(4.0 / 6));
  CHECK(matrix.count(0, 1) == 1);
}

TEST_CASE("an ignored class has no part in means, but is wrong where it is predicted") {
  // Truth 0 1 2 2 and one void pixel; the prediction is void once. By hand: torchmetrics' ignore_index, Cityscapes.
  const auto check = [](const tenon::confusion_matrix& matrix) {
    CHECK(matrix.iou(2) == Approx(1.0 / 2));
    CHECK(matrix.iou(3) == 0);
    CHECK_FALSE(matrix.occurs(3));
    CHECK(matrix.mean_iou() == Approx((1 + 1 + 0.5) / 3));
    CHECK(matrix.pixel_accuracy() == Approx(3.0 / 4));
    CHECK(matrix.mean_accuracy() == Approx((1 + 1 + 0.5) / 3));
  };
  const std::int64_t truth[] = {0, 1, 2, 2, 3}, prediction[] = {0, 1, 3, 2, 1};
  tenon::confusion_matrix said_at_first(4, 3), said_with_pixels(4), of_several(4, {255, 3});
  for (int i = 0; i < 5; ++i) {
    said_at_first.add(truth[i], prediction[i]);
    said_with_pixels.add(truth[i], prediction[i], 3);
    of_several.add(truth[i], prediction[i]);
  }
  of_several.add(255, 0);
  check(said_at_first);
  check(said_with_pixels);
  check(of_several);

  tenon::confusion_matrix late(4);  // what was counted before does not count afterwards
  for (int i = 0; i < 5; ++i) late.add(truth[i], prediction[i]);
  CHECK(late.mean_iou() == Approx((1 + 0.5 + 0.5 + 0) / 4));
  CHECK(late.pixel_accuracy() == Approx(3.0 / 5));
  late.add(3, 0, 3);
  check(late);
  CHECK(late.iou(1) == 1);
}

TEST_CASE("the class average is of the classes that the truth has") {
  tenon::confusion_matrix matrix(4);
  const int truth[] = {0, 0, 0, 1}, prediction[] = {0, 0, 2, 1};
  for (int i = 0; i < 4; ++i) matrix.add(truth[i], prediction[i]);
  CHECK(matrix.class_accuracy(0) == Approx(2.0 / 3));
  CHECK(matrix.class_accuracy(2) == 0);
  CHECK(matrix.mean_accuracy() == Approx((2.0 / 3 + 1) / 2));
  CHECK(matrix.mean_iou() == Approx((2.0 / 3 + 1 + 0) / 3));
  CHECK_THROWS_WITH(tenon::confusion_matrix(0), "a confusion matrix of 0 classes, expected 1 or more");
  CHECK_THROWS_AS(tenon::confusion_matrix(-3, 255), tenon::shape_error);
}

TEST_CASE("labels of any integer type are counted") {
  const float scores[] = {0.1f, 0.7f, 0.5f, 0.5f, 0.9f, 0.2f};  // two classes, three pixels
  const std::int64_t truth[] = {-100, 0, 0};
  tenon::confusion_matrix matrix(2, -100);
  matrix.add_scores(scores, truth, 3);
  CHECK(matrix.count(0, 1) == 1);
  CHECK(matrix.count(0, 0) == 1);
  CHECK(matrix.pixel_accuracy() == Approx(1.0 / 2));
}

TEST_CASE("the greatest score predicts, the first of equals") {
  const float scores[] = {0.1f, 0.9f, 0.5f, 0.5f, 0.9f, 0.5f};  // three classes, two pixels
  const std::uint8_t truth[] = {1, 0};
  tenon::confusion_matrix matrix(3);
  matrix.add_scores(scores, truth, 2);
  CHECK(matrix.count(1, 2) == 1);
  CHECK(matrix.count(0, 0) == 1);
}

TEST_CASE("batches are counted by views, whose extents must go together") {
  // Two pictures of two pixels, three classes.
  const std::vector<float> scores = {0.1f, 0.9f, 0.5f, 0.5f, 0.9f, 0.5f, 3, 0, 0, 1, 0, 2};
  const std::vector<std::int64_t> truth = {1, 0, 0, -1};
  const tenon::tensor_view s(scores, 2, 3, 1, 2);
  tenon::confusion_matrix matrix(3), by_pointers(3);
  CHECK(matrix.predictions(s) == std::vector<std::uint8_t>{2, 0, 0, 2});
  CHECK(matrix.predictions<std::int64_t>(s) == std::vector<std::int64_t>{2, 0, 0, 2});
  matrix.add_scores(s, tenon::tensor_view(truth, 2, 1, 2));
  for (std::size_t n = 0; n < 2; ++n) by_pointers.add_scores(scores.data() + 6 * n, truth.data() + 2 * n, 2);
  for (int t = 0; t < 3; ++t) {
    for (int p = 0; p < 3; ++p) CHECK(matrix.count(t, p) == by_pointers.count(t, p));
  }
  CHECK(matrix.count(1, 2) == 1);
  CHECK(matrix.count(0, 0) == 2);

  std::vector<float> changed = scores;
  tenon::confusion_matrix of_volumes(3, -1);
  of_volumes.add_scores(tenon::tensor_view(changed, 2, 3, 1, 1, 2), tenon::tensor_view(truth, 2, 1, 1, 2));
  CHECK(of_volumes.count(0, 0) == 2);
  CHECK_THROWS_WITH(matrix.add_scores(s, tenon::tensor_view(truth, 2, 2, 1)),
                    "labels of 2 x 2 x 1 do not go with scores of 2 x 3 x 1 x 2");
  CHECK_THROWS_AS(matrix.add_scores(s, tenon::tensor_view(truth, 1, 2, 2)), tenon::shape_error);
  const std::vector<std::int64_t> more(6);
  CHECK_THROWS_WITH(matrix.add_scores(tenon::tensor_view(scores, 3, 2, 1, 2), tenon::tensor_view(more, 3, 1, 2)),
                    "scores of 2 classes for a confusion matrix of 3");
  const std::vector<std::int64_t> wrong = {1, 0, 0, 7};
  CHECK_THROWS_WITH(matrix.add_scores(s, tenon::tensor_view(wrong, 2, 1, 2), -1, "test pictures"),
                    "test pictures 1: label 7 at pixel 1 is no class: expected 0 to 2");
  CHECK(matrix.count(1, 2) == 1);
  CHECK_THROWS_AS(tenon::confusion_matrix(300).predictions(tenon::tensor_view<const float, 4>(nullptr, 0, 300, 1, 1)),
                  tenon::shape_error);
}

TEST_CASE("a label that is no class is refused, and nothing is counted") {
  tenon::confusion_matrix matrix(3);
  CHECK_THROWS_AS(matrix.add(3, 0), tenon::label_error);
  CHECK_THROWS_AS(matrix.add(0, -1), tenon::label_error);
  CHECK_THROWS_WITH(matrix.add(0, 7), "the prediction 7 is no class: expected 0 to 2");
  const float scores[12] = {};
  const std::uint8_t truth[] = {0, 9, 5, 1};
  try {
    matrix.add_scores(scores, truth, 4, 9, "street.png");
    FAIL("label 5 was taken");
  } catch (const tenon::label_error& problem) {
    CHECK(std::string(problem.what()) == "street.png: label 5 at pixel 2 is no class: expected 0 to 2");
    CHECK(problem.name() == "street.png");
    CHECK(problem.found() == "5");
  }
  CHECK(matrix.mean_iou() == 0);
  CHECK(matrix.pixel_accuracy() == 0);
}
