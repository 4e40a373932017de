// SPDX-License-Identifier: Apache-2.0
// The same for sizes known while running, and for what a user includes beside tenon.hpp: files, pictures, metrics,
// reports.
#include <tenon/tenon.hpp>
//
#include <tenon/data/garment_scenes.hpp>
#include <tenon/data/garments.hpp>
#include <tenon/data/segmentation_folder.hpp>
#include <tenon/io/eigen.hpp>
#include <tenon/io/image.hpp>
#include <tenon/io/image_grid.hpp>
#include <tenon/io/npy.hpp>
#include <tenon/io/xtensor.hpp>
#include <tenon/report/layer_table.hpp>
#include <tenon/report/progress.hpp>
#include <tenon/train/metrics.hpp>
#include <tenon/train/schedules.hpp>
//
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "support/networks.hpp"
#include "support/temporary_folder.hpp"

using tenon_test::small_unet;

using dynamic_teacher = tenon::dynamic_trainer<small_unet<3>, tenon::cross_entropy<tenon::ignore<255>>, tenon::adamw<>,
                                               tenon::keep_gradients, tenon::accumulate<2>, tenon::clip_norm<1.0>>;

namespace {

int failed = 0;

void expect(bool condition, const char* sentence) {
  if (condition) return;
  ++failed;
  std::printf("failed: %s\n", sentence);
}

struct batch {
  std::vector<float> colours = std::vector<float>(2 * 3 * 24 * 20);
  std::vector<std::uint8_t> classes = std::vector<std::uint8_t>(2 * 24 * 20);

  batch() {
    for (std::size_t i = 0; i < colours.size(); ++i) colours[i] = std::sin(0.37f * static_cast<float>(i));
    for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::uint8_t>(i / 40 % 3);
  }
  auto pictures() const { return tenon::tensor_view{colours, 2, 3, 24, 20}; }
  auto labels() const { return tenon::tensor_view{classes, 2, 24, 20}; }
};

void train_and_report(const std::string& folder) {
  const batch given;
  const tenon::shape input(2, 3, 24, 20);
  dynamic_teacher train{input, tenon::initialize(42)};
  const tenon::cosine_schedule rate{0.0003f, 4, 1};
  const tenon::polynomial_schedule other{0.0003f, 4};
  tenon::progress bar(2, 4, stdout, std::chrono::milliseconds(0));
  const float before = train.evaluate(given.pictures(), given.labels());
  float first = 0, last = 0;
  for (int i = 0; i < 4; ++i) {
    const auto result = train.step(given.pictures(), given.labels(), {.learning_rate = i < 2 ? rate(i) : other(i)});
    bar.step(1, i + 1, static_cast<double>(result.loss));
    (i == 0 ? first : last) = result.loss;
    expect(result.updated == (i % 2 == 1), "every other step updates");
  }
  expect(last < first, "steps lower the loss");
  expect(std::isfinite(train.evaluate(given.pictures(), given.labels())), "an evaluation is finite");
  expect(!train.gradient("decoder.3.weight").values.empty(), "gradients are kept");
  train.save_checkpoint(folder + "/run.safetensors");
  train.load_checkpoint(folder + "/run.safetensors");

  tenon::load_report report;
  tenon::dynamic_predictor<small_unet<3>> net{
      input, tenon::load(folder + "/run.safetensors", {.skip = {"decoder.*"}}, tenon::initialize(1), &report)};
  net.parameters().assign("decoder.3.weight", train.parameter("decoder.3.weight"));
  const auto logits = net(given.pictures());
  tenon::confusion_matrix matrix(3, 255);
  matrix.add_scores(logits, given.labels());
  expect(matrix.predictions(logits).size() == given.classes.size(), "each pixel has a prediction");
  expect(matrix.mean_iou() >= 0 && matrix.mean_accuracy() <= 1 && matrix.pixel_accuracy() <= 1, "metrics are shares");
  bar.epoch_done(1, static_cast<double>(before), matrix.mean_iou());
  std::fputs(report.text().c_str(), stdout);
  using predicting = tenon::plan_of<small_unet<3>, tenon::image<1, 3, 24, 20>>;
  std::fputs(tenon::layer_table<predicting>().c_str(), stdout);
}

void write_and_read(const std::string& folder) {
  const batch given;
  const std::string path = folder + "/values.npy";
  tenon::save_npy(path, given.pictures());
  const auto floats = tenon::load_npy<float>(path);
  expect(tenon::view<4>(floats).extent(3) == 20 && floats.data()[7] == given.colours[7], "npy keeps floats");
  tenon::save_npy(path, given.labels());
  expect(tenon::load_npy<std::uint8_t>(path).size() == given.classes.size(), "npy keeps labels");
  const xt::xarray<std::int64_t> counts = xt::xarray<std::int64_t>::from_shape({2, 3});
  tenon::save_npy(path, counts);
  expect(tenon::load_npy<std::int64_t>(path).shape()[1] == 3, "npy keeps integers");
  expect(tenon::to_xtensor(given.pictures()).dimension() == 4, "xtensor has the extents");
  const auto matrix = tenon::matrix(tenon::tensor_view{given.colours, 6, 480});
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> copy = matrix;
  expect(tenon::view(copy).extent(1) == 480, "Eigen has the extents");

  namespace fs = std::filesystem;
  const fs::path split = fs::path(folder) / "train";
  fs::create_directories(split / "images");
  fs::create_directories(split / "labels");
  const tenon::image_rgb picture{24, 20, std::vector<std::uint8_t>(3 * 480, 128)};
  const tenon::label_image labels{24, 20, std::vector<std::uint8_t>(480, 2)};
  tenon::write_png((split / "images" / "a.png").string(), picture);
  tenon::write_png((split / "labels" / "a.png").string(), labels);
  const tenon::segmentation_folder pairs(folder, "train", 2);
  std::vector<float> tensor(3 * 480);
  std::vector<std::uint8_t> read(480);
  pairs.read(0, tenon::tensor_view(tensor, 3, 24, 20), tenon::tensor_view(read, 24, 20));
  expect(tensor[0] == 0 && read[0] == 2, "pairs are read");
  const std::vector<tenon::rgb_color> palette(3, {1, 2, 3});
  const tenon::image_rgb grid = tenon::image_grid({{picture, tenon::colorize(labels, palette)}}, {"picture", "labels"});
  expect(grid.width > 40, "a grid is wider than its pictures");
}

void compose() {
  tenon::garments source;
  source.kinds.assign(3, 1);
  source.shades.assign(3 * 28 * 28, 0);
  for (std::size_t i = 0; i < source.shades.size(); ++i) source.shades[i] = i % 28 > 6 && i % 28 < 20 ? 200 : 0;
  const tenon::garment_scenes scenes(source, 7, 64, 64);
  std::vector<float> picture(3 * 64 * 64);
  std::vector<std::uint8_t> labels(64 * 64);
  scenes.scene(0, tenon::tensor_view(picture, 3, 64, 64), tenon::tensor_view(labels, 64, 64));
  expect(std::isfinite(picture[0]), "scenes are finite");
}

}  // namespace

int main() {
  const temporary_folder folder;
  train_and_report(folder.path().string());
  write_and_read(folder.path().string());
  compose();
  return failed == 0 ? 0 : 1;
}
