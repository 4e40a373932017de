// SPDX-License-Identifier: Apache-2.0
// Datasets in folders: pairs in order, sizes, and what is wrong with a folder.
#include "tenon/data/segmentation_folder.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "skip.hpp"

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
