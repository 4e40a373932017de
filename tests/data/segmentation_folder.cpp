// SPDX-License-Identifier: Apache-2.0
// Datasets in folders: pairs in order, sizes, and what is wrong with a folder.
#include "tenon/data/segmentation_folder.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "skip.hpp"
#include "tenon/io/npy.hpp"

namespace {

namespace fs = std::filesystem;

/// A folder of its own, removed with its owner.
struct scratch_folder {
  fs::path path = fs::temp_directory_path() / ("tenon-folder-" + std::to_string(getpid()));
  scratch_folder() { fs::create_directories(path); }
  ~scratch_folder() { fs::remove_all(path); }
};

void write_pair(const fs::path& split, const std::string& name, int height, int width, std::uint8_t shade) {
  fs::create_directories(split / "images");
  fs::create_directories(split / "labels");
  const auto pixels = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  tenon::write_png((split / "images" / (name + ".png")).string(),
                   tenon::image_rgb{height, width, std::vector<std::uint8_t>(3 * pixels, shade)});
  std::vector<std::uint8_t> labels(pixels, 0);
  for (std::size_t i = pixels / 2; i < pixels; ++i) labels[i] = 1;
  tenon::write_png((split / "labels" / (name + ".png")).string(), tenon::label_image{height, width, labels});
}

}  // namespace

TEST_CASE("pairs come by name and at the wanted size") {
  const scratch_folder folder;
  write_pair(folder.path / "train", "b", 8, 6, 64);
  write_pair(folder.path / "train", "a", 8, 6, 192);
  const tenon::segmentation_folder data(folder.path.string(), "train");
  REQUIRE(data.size() == 2);
  CHECK(fs::path(data.image_path(0)).stem() == "a");
  std::vector<float> picture(3 * 4 * 3);
  std::vector<std::uint8_t> labels(4 * 3);
  data.read(0, 4, 3, picture.data(), labels.data());
  for (const float value : picture) CHECK(value == 1.0f);
  CHECK(labels == std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1});
  data.read(1, 8, 6, std::vector<float>(3 * 48).data(), std::vector<std::uint8_t>(48).data());
}

TEST_CASE("what is wrong with a folder is said") {
  const scratch_folder folder;
  CHECK_THROWS_AS(tenon::segmentation_folder(folder.path.string(), "train"), tenon::file_error);
  CHECK_THROWS_AS(tenon::segmentation_folder("/nonexistent", "val"), tenon::file_error);
  fs::create_directories(folder.path / "train" / "images");
  fs::create_directories(folder.path / "train" / "labels");
  CHECK_THROWS_AS(tenon::segmentation_folder(folder.path.string(), "train"), tenon::file_error);
  write_pair(folder.path / "train", "a", 8, 6, 1);
  fs::remove(folder.path / "train" / "labels" / "a.png");
  CHECK_THROWS_AS(tenon::segmentation_folder(folder.path.string(), "train"), tenon::file_error);
}

namespace {

/// The sentence with which a folder is refused.
std::string refusal_of(const fs::path& folder) {
  try {
    const tenon::segmentation_folder data(folder.string(), "train");
  } catch (const tenon::file_error& problem) {
    CHECK(!problem.name().empty());
    return problem.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("extensions may be of capitals, and what is no picture is left out") {
  const scratch_folder folder;
  const fs::path split = folder.path / "train";
  for (const char* name : {"a", "b", "c"}) write_pair(split, name, 4, 4, 64);
  fs::rename(split / "images" / "a.png", split / "images" / "a.PNG");
  fs::rename(split / "images" / "b.png", split / "images" / "b.JpG");
  fs::rename(split / "images" / "c.png", split / "images" / "c.JPEG");
  fs::rename(split / "labels" / "c.png", split / "labels" / "c.Png");
  std::ofstream(split / "images" / "._a.jpg") << "what a Macintosh leaves";
  std::ofstream(split / "images" / ".hidden.png") << "no picture";
  std::ofstream(split / "labels" / "._a.png") << "no labels";
  std::ofstream(split / "images" / "notes.txt") << "no picture";
  fs::create_directories(split / "images" / "thumbnails.png");
  const tenon::segmentation_folder data(folder.path.string(), "train");
  REQUIRE(data.size() == 3);
  CHECK(fs::path(data.image_path(1)).filename() == "b.JpG");
  CHECK(fs::path(data.label_path(2)).filename() == "c.Png");
  std::vector<float> picture(3 * 16);
  std::vector<std::uint8_t> labels(16);
  for (std::int64_t i = 0; i < 3; ++i) data.read(i, 4, 4, picture.data(), labels.data());
}

TEST_CASE("files of one name, and files without their partner, are named") {
  const scratch_folder folder;
  const fs::path split = folder.path / "train";
  write_pair(split, "a", 4, 4, 64);
  write_pair(split, "b", 4, 4, 64);
  fs::copy_file(split / "images" / "a.png", split / "images" / "a.jpg");
  const std::string two = refusal_of(folder.path);
  CHECK(two.find((split / "images" / "a.jpg").string()) != std::string::npos);
  CHECK(two.find((split / "images" / "a.png").string()) != std::string::npos);
  fs::remove(split / "images" / "a.jpg");
  CHECK(refusal_of(folder.path) == "no error");
  fs::copy_file(split / "labels" / "a.png", split / "labels" / "a.PNG");
  CHECK(refusal_of(folder.path).find("a.PNG") != std::string::npos);
  fs::remove(split / "labels" / "a.PNG");

  fs::remove(split / "images" / "b.png");
  CHECK(refusal_of(folder.path).starts_with((split / "labels" / "b.png").string() + ": no picture"));
  fs::remove(split / "labels" / "b.png");
  fs::remove(split / "labels" / "a.png");
  CHECK(refusal_of(folder.path).starts_with((split / "labels" / "a.png").string() + ": no labels for the picture"));
}

TEST_CASE("colours are normalised as one says") {
  const scratch_folder folder;
  write_pair(folder.path / "train", "a", 1, 1, 0);
  tenon::write_png((folder.path / "train" / "images" / "a.png").string(), tenon::image_rgb{1, 1, {255, 102, 51}});
  std::vector<float> picture(3);
  std::uint8_t label = 0;
  tenon::normalization colors{.mean = {0.5, 0.25, 0}, .deviation = {0.25, 0.5, 2}};
  tenon::segmentation_folder(folder.path.string(), "train", 255, colors).read(0, 1, 1, picture.data(), &label);
  CHECK(picture == std::vector<float>{2.0f, 0.3f, 0.1f});
  colors.order = tenon::channel_order::bgr;
  tenon::segmentation_folder(folder.path.string(), "train", 255, colors).read(0, 1, 1, picture.data(), &label);
  CHECK(picture == std::vector<float>{-1.2f, 0.3f, 0.5f});
}

TEST_CASE("road scenes are normalised as ESPNet's weights want them") {
  const fs::path camvid = fs::path(TENON_SHARED_DATA) / "data" / "camvid";
  const fs::path input = fs::path(TENON_SHARED_DATA) / "models" / "espnet-camvid" / "input.npy";
  if (!fs::exists(camvid) || !fs::exists(input)) TENON_SKIP("no files " + camvid.string() + ", " + input.string());
  // Blue first, by the authors' means and deviations of bytes.
  const tenon::normalization colors{.mean = {110.20420078 / 255, 108.37129871 / 255, 104.95458243 / 255},
                                    .deviation = {72.05211117, 72.58348982, 69.85981731},
                                    .order = tenon::channel_order::bgr};
  const tenon::segmentation_folder data(camvid.string(), "val", 11, colors);
  std::vector<float> picture(3 * 360 * 480);
  std::vector<std::uint8_t> labels(360 * 480);
  std::int64_t scene = 0;
  while (scene < data.size() && fs::path(data.image_path(scene)).stem() != "0016E5_07959") ++scene;
  REQUIRE(scene < data.size());
  data.read(scene, 360, 480, picture.data(), labels.data());
  const auto expected = tenon::load_npy<float>(input.string());
  REQUIRE(expected.size() == 3 * 120 * 160);
  float difference = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t y = 0; y < 120; ++y) {
      for (std::size_t x = 0; x < 160; ++x) {
        const float found = picture[(c * 360 + y + 120) * 480 + x + 160];
        difference = std::max(difference, std::abs(found - expected.data()[(c * 120 + y) * 160 + x]));
      }
    }
  }
  CHECK(difference <= 1e-7f);
}

TEST_CASE("a label beyond the greatest names its file") {
  const scratch_folder folder;
  write_pair(folder.path / "train", "a", 8, 6, 1);
  std::vector<float> picture(3 * 48);
  std::vector<std::uint8_t> labels(48);
  tenon::segmentation_folder(folder.path.string(), "train", 1).read(0, 8, 6, picture.data(), labels.data());
  try {
    tenon::segmentation_folder(folder.path.string(), "train", 0).read(0, 8, 6, picture.data(), labels.data());
    FAIL("a label of 1 was taken");
  } catch (const tenon::label_error& problem) {
    CHECK(problem.name() == (folder.path / "train" / "labels" / "a.png").string());
    CHECK(problem.found() == "1");
  }
}

TEST_CASE("labels of another size than their picture, and files that are no pictures, are refused") {
  const scratch_folder folder;
  write_pair(folder.path / "val", "a", 8, 6, 1);
  tenon::write_png((folder.path / "val" / "labels" / "a.png").string(),
                   tenon::label_image{4, 6, std::vector<std::uint8_t>(24, 0)});
  std::vector<float> picture(3 * 48);
  std::vector<std::uint8_t> labels(48);
  const tenon::segmentation_folder data(folder.path.string(), "val");
  CHECK_THROWS_AS(data.read(0, 8, 6, picture.data(), labels.data()), tenon::shape_error);
  std::ofstream(folder.path / "val" / "images" / "a.png") << "no picture";
  CHECK_THROWS_AS(data.read(0, 8, 6, picture.data(), labels.data()), tenon::format_error);
}

TEST_CASE("road scenes are read") {
  const fs::path camvid = fs::path(TENON_SHARED_DATA) / "data" / "camvid";
  if (!fs::exists(camvid)) TENON_SKIP("no folder " + camvid.string());
  const tenon::segmentation_folder data(camvid.string(), "val");
  CHECK(data.size() == 101);
  std::vector<float> picture(3 * 180 * 240);
  std::vector<std::uint8_t> labels(180 * 240);
  data.read(100, 180, 240, picture.data(), labels.data());
  for (const std::uint8_t label : labels) REQUIRE(label <= 11);
  for (const float value : picture) REQUIRE((value >= -2.0f && value < 2.0f));
}

TEST_CASE("pictures of a kind that is not read are named, and views that do not go together refused") {
  const scratch_folder folder;
  fs::create_directories(folder.path / "train" / "images");
  fs::create_directories(folder.path / "train" / "labels");
  write_pair(folder.path / "train", "a", 8, 6, 1);
  const tenon::segmentation_folder data(folder.path.string(), "train");
  std::vector<float> picture(3 * 8 * 6), expected(3 * 8 * 6);
  std::vector<std::uint8_t> labels(8 * 6), expected_labels(8 * 6);
  data.read(0, 8, 6, expected.data(), expected_labels.data());
  data.read(0, tenon::tensor_view(picture, 3, 8, 6), tenon::tensor_view(labels, 8, 6));
  CHECK(picture == expected);
  CHECK(labels == expected_labels);
  CHECK_THROWS_WITH(data.read(0, tenon::tensor_view(picture, 3, 6, 8), tenon::tensor_view(labels, 8, 6)),
                    Catch::Contains("a picture of 3 x 6 x 8 for labels of 8 x 6, expected 3 x 8 x 6"));
  std::ofstream(folder.path / "train" / "images" / "b.BMP") << "BM";
  CHECK_THAT(refusal_of(folder.path), Catch::EndsWith("b.BMP: a picture of a kind that is not read here, expected "
                                                      "*.jpg, *.jpeg, *.png"));
}
