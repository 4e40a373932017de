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

TEST_CASE("the greatest score predicts, the first of equals") {
  const float scores[] = {0.1f, 0.9f, 0.5f, 0.5f, 0.9f, 0.5f};  // three classes, two pixels
  const std::uint8_t truth[] = {1, 0};
  tenon::confusion_matrix matrix(3);
  matrix.add_scores(scores, truth, 2);
  CHECK(matrix.count(1, 2) == 1);
  CHECK(matrix.count(0, 0) == 1);
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
