// SPDX-License-Identifier: Apache-2.0
// segment: trains a small U-Net to tell garments apart, or the classes of a folder of pictures and labels.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "tenon/data/garment_scenes.hpp"
#include "tenon/data/segmentation_folder.hpp"
#include "training.hpp"

namespace {

struct options {
  std::string data, garments = "/usr/share/datasets/fashion-mnist", output = "demo-output";
  std::int64_t epochs = 0;
  std::uint64_t seed = 1;
  int threads = tenon::threads{}.count;
};

// What is wrong with the text of a seed; CLI11 itself lets -1 wrap around.
std::string problem_of_seed(const std::string& text) {
  const bool natural = text.find_first_not_of("0123456789") == std::string::npos;
  return natural ? std::string() : "expected a whole number from 0 on, found " + text;
}

segment::task common_task(const options& given) {
  segment::task task;
  task.seed = given.seed;
  task.threads = {given.threads};
  task.output = given.output;
  return task;
}

// Scenes of garments, drawn as they are needed: 800 an epoch, none twice; tested on garments that no training scene
// shows.
double train_on_garments(const options& given) {
  constexpr int batch = 8, size = 96;
  constexpr std::int64_t scenes_an_epoch = 800, test_scenes = 400;
  const tenon::garment_scenes train(tenon::read_garments(given.garments, tenon::garment_split::train), given.seed, size,
                                    size);
  const tenon::garment_scenes test(tenon::read_garments(given.garments, tenon::garment_split::held_out), 2, size, size);
  segment::task task = common_task(given);
  task.epochs = given.epochs > 0 ? given.epochs : 8;
  task.learning_rate = 0.2f;
  // Every epoch visits each number once, so the number of visits so far makes it a scene of its own.
  auto visits = std::make_shared<std::int64_t>(0);
  task.train = {scenes_an_epoch, [&train, visits](std::int64_t, segment::picture picture, segment::labels labels) {
                  train.scene((*visits)++, picture, labels);
                }};
  task.test = {test_scenes, [&test](std::int64_t i, segment::picture picture, segment::labels labels) {
                 test.scene(i, picture, labels);
               }};
  for (int c = 0; c < segment::classes; ++c) task.class_names.emplace_back(tenon::garment_scenes::class_name(c));
  std::printf("Scenes of garments, %d x %d pixels, 10 kinds and background; %lld epochs of %lld scenes.\n", size, size,
              static_cast<long long>(task.epochs), static_cast<long long>(scenes_an_epoch));
  return segment::training<batch, size, size>(task).run();
}

double train_on_folder(const options& given) {
  constexpr int batch = 4, height = 180, width = 240;
  const tenon::segmentation_folder train(given.data, "train", segment::classes),
      test(given.data, "val", segment::classes);
  segment::task task = common_task(given);
  task.epochs = given.epochs > 0 ? given.epochs : 8;
  task.learning_rate = 0.05f;
  const auto source = [](const tenon::segmentation_folder& folder) {
    return segment::source{folder.size(), [&folder](std::int64_t i, segment::picture picture, segment::labels labels) {
                             folder.read(i, picture, labels);
                           }};
  };
  task.train = source(train);
  task.test = source(test);
  for (int c = 0; c < segment::classes; ++c) task.class_names.push_back("class " + std::to_string(c));
  std::printf(
      "%lld pictures to train on and %lld to test on, resized to %d x %d; labels 0 to %d, %d does not count; %lld "
      "epochs.\n",
      static_cast<long long>(train.size()), static_cast<long long>(test.size()), height, width, segment::classes - 1,
      segment::classes, static_cast<long long>(task.epochs));
  return segment::training<batch, height, width>(task).run();
}

}  // namespace

int main(int count, char** arguments) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  CLI::App app{"Trains a small U-Net and leaves its weights, a grid of pictures and a table of its layers."};
  options given;
  const CLI::Option* data = app.add_option(
      "--data", given.data,
      "a folder with train/ and val/, each with images/*.jpg and labels/*.png (labels 0 to 10, 11 does not count); "
      "without it, scenes of garments are drawn");
  app.add_option("--garments", given.garments, "the folder of Debian's dataset-fashion-mnist")->capture_default_str();
  app.add_option("--output", given.output, "the folder for the results")->capture_default_str();
  app.add_option("--epochs", given.epochs, "how often to go through the data (default 8)")
      ->check(CLI::Range(1, 100000));
  app.add_option("--seed", given.seed, "of first weights and order")->check(problem_of_seed)->capture_default_str();
  app.add_option("--threads", given.threads, "how many threads compute")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  try {
    data->empty() ? train_on_garments(given) : train_on_folder(given);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "segment: %s\n", problem.what());
    return 1;
  }
  return 0;
}
