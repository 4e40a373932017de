// SPDX-License-Identifier: Apache-2.0
// Trains a small U-Net on any source of pictures and labels, and leaves weights, pictures and a table.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/core/random.hpp"
#include "tenon/io/image_grid.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/report/layer_table.hpp"
#include "tenon/report/progress.hpp"
#include "tenon/tenon.hpp"
#include "tenon/train/metrics.hpp"
#include "tenon/train/schedules.hpp"

namespace segment {

/// (3, height, width) floats, (value - 128) / 64 of colour values, and (height, width) labels.
using picture = tenon::tensor_view<float, 3>;
using labels = tenon::tensor_view<std::uint8_t, 2>;

/// Pictures with their labels, by number, which are written into views.
struct source {
  std::int64_t size = 0;
  std::function<void(std::int64_t, picture, labels)> read;
};

/// What is trained on, for how long, and where the results go.
struct task {
  source train, test;
  std::int64_t epochs = 1;
  std::int64_t shown = 100;  ///< test pictures evaluated after each epoch; after the last, all
  float learning_rate = 0.1f;
  std::int64_t warm_up = 50;  ///< steps
  std::uint64_t seed = 1;
  tenon::threads threads;
  std::string output;
  std::vector<std::string> class_names;
};

/// The number of classes; the label after the last of them does not count.
inline constexpr int classes = 11;

/// A colour a class, and black for what does not count.
inline constexpr tenon::rgb_color palette[classes] = {
    {{60, 60, 70}},   {{230, 25, 75}},  {{60, 180, 75}},  {{255, 225, 25}}, {{0, 130, 200}},  {{245, 130, 48}},
    {{145, 30, 180}}, {{70, 240, 240}}, {{240, 50, 230}}, {{210, 245, 60}}, {{250, 190, 212}}};

/// The network: a U-Net of a quarter of the paper's width, 1.9 million parameters.
inline constexpr auto network = tenon::models::unet<classes, 16>;

template <int Batch, int Height, int Width>
class training {
 public:
  using teacher =
      tenon::trainer<network, tenon::image<Batch, 3, Height, Width>, tenon::cross_entropy<tenon::ignore<classes>>,
                     tenon::sgd<tenon::momentum<0.9>, tenon::nesterov, tenon::weight_decay<1e-4>>>;
  using student = tenon::predictor<network, tenon::image<1, 3, Height, Width>>;

  explicit training(const task& given)
      : task_(given),
        teacher_(tenon::initialize(given.seed), given.threads),
        student_(teacher_.parameters(), given.threads),
        pictures_(Batch * picture_size),
        labels_(Batch * plane) {}

  /// Trains and writes everything; gives the mean IoU over the test pictures.
  double run() {
    namespace fs = std::filesystem;
    std::error_code problem;
    fs::create_directories(task_.output, problem);
    if (problem) {
      throw tenon::file_error(task_.output + ": this folder cannot be made: " + problem.message(), task_.output);
    }
    write_table();
    const std::int64_t steps_an_epoch = task_.train.size / Batch;
    if (steps_an_epoch == 0 || task_.test.size == 0) {
      const std::string expected = std::to_string(Batch) + " to train on and 1 to test on";
      const std::string found = std::to_string(task_.train.size) + " and " + std::to_string(task_.test.size);
      throw tenon::shape_error("too few pictures: expected at least " + expected + ", found " + found, "pictures",
                               expected, found);
    }
    const tenon::cosine_schedule schedule{task_.learning_rate, task_.epochs * steps_an_epoch, task_.warm_up};
    tenon::progress progress(task_.epochs, steps_an_epoch * Batch);
    std::vector<std::int64_t> order(static_cast<std::size_t>(task_.train.size));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::int64_t step = 0;
    for (std::int64_t epoch = 1; epoch <= task_.epochs; ++epoch) {
      shuffle(order, epoch);
      double sum = 0;
      for (std::int64_t i = 0; i < steps_an_epoch; ++i, ++step) {
        sum += static_cast<double>(
            train_step(std::span(order).subspan(static_cast<std::size_t>(i) * Batch, Batch), schedule(step)));
        progress.step(epoch, (i + 1) * Batch, sum / static_cast<double>(i + 1));
      }
      const bool last = epoch == task_.epochs;
      const tenon::confusion_matrix matrix = evaluate(last ? task_.test.size : std::min(task_.shown, task_.test.size));
      progress.epoch_done(epoch, sum / static_cast<double>(steps_an_epoch), matrix.mean_iou());
      if (last) result_ = matrix;
    }
    teacher_.save(task_.output + "/weights.safetensors");
    write_pictures();
    report(progress.seconds());
    return result_.mean_iou();
  }

 private:
  static constexpr std::size_t plane = std::size_t{Height} * Width, picture_size = 3 * plane;

  void shuffle(std::vector<std::int64_t>& order, std::int64_t epoch) const {
    tenon::random_stream random(task_.seed, static_cast<std::uint64_t>(epoch));
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(static_cast<std::int32_t>(i)))]);
    }
  }

  /// A picture of the batch and its labels.
  picture picture_at(std::size_t b) {
    return picture(std::span(pictures_).subspan(b * picture_size, picture_size), 3, Height, Width);
  }
  labels labels_at(std::size_t b) { return labels(std::span(labels_).subspan(b * plane, plane), Height, Width); }

  float train_step(std::span<const std::int64_t> numbers, float learning_rate) {
    for (std::size_t b = 0; b < Batch; ++b) task_.train.read(numbers[b], picture_at(b), labels_at(b));
    return teacher_.step(tenon::tensor_view(pictures_, Batch, 3, Height, Width),
                         tenon::tensor_view(labels_, Batch, Height, Width), {.learning_rate = learning_rate});
  }

  auto predict() { return student_(tenon::tensor_view(std::span(pictures_).first(picture_size), 1, 3, Height, Width)); }

  tenon::confusion_matrix evaluate(std::int64_t count) {
    tenon::confusion_matrix matrix(classes);
    for (std::int64_t i = 0; i < count; ++i) {
      task_.test.read(i, picture_at(0), labels_at(0));
      matrix.add_scores(predict(), tenon::tensor_view(std::span(labels_).first(plane), 1, Height, Width), classes,
                        "test picture " + std::to_string(i));
    }
    return matrix;
  }

  tenon::image_rgb picture_of_labels(std::vector<std::uint8_t> shown) const {
    return tenon::colorize({Height, Width, std::move(shown)}, palette, {});
  }

  void write_pictures() {
    constexpr std::int64_t rows = 6;
    std::vector<std::vector<tenon::image_rgb>> grid;
    for (std::int64_t i = 0; i < std::min(rows, task_.test.size); ++i) {
      const std::int64_t number = i * task_.test.size / rows;
      task_.test.read(number, picture_at(0), labels_at(0));
      // (value - 128) / 64 of colour values, told as mean and deviation of values in 0 .. 1.
      constexpr float mean = 128.0f / 255.0f, deviation = 64.0f / 255.0f;
      grid.push_back({tenon::to_image(picture_at(0), {mean, mean, mean}, {deviation, deviation, deviation}),
                      picture_of_labels({labels_at(0).begin(), labels_at(0).end()}),
                      picture_of_labels(result_.predictions(predict()))});
    }
    std::vector<tenon::legend_entry> legend;
    for (std::size_t c = 0; c < classes; ++c) legend.push_back({task_.class_names[c], palette[c]});
    legend.push_back({"does not count", {}});
    tenon::write_png(task_.output + "/predictions.png",
                     tenon::image_grid(grid, {"input", "truth", "prediction"}, legend, Width < 128 ? 2 : 1));
  }

  void write_table() const {
    const std::string path = task_.output + "/layers.txt";
    std::ofstream file(path);
    file << "The network as it is trained, in batches of " << std::to_string(Batch) << ".\n\n"
         << tenon::layer_table<teacher>() << "\nThe table's MACs are the forward pass; a training step takes "
         << tenon::grouped(teacher::macs) << ".\n";
    if (!file.flush()) throw tenon::file_error(path + ": this file cannot be written", path);
  }

  void report(double seconds) const {
    if (result_.mean_iou() == 0 && result_.pixel_accuracy() == 0)
      std::printf("\nNo label of the test pictures counts, or none was found.\n");
    std::printf("\nIntersection over union on %lld test pictures\n", static_cast<long long>(task_.test.size));
    for (std::int32_t c = 0; c < classes; ++c) {
      if (result_.occurs(c))
        std::printf("  %-16s %s\n", task_.class_names[static_cast<std::size_t>(c)].c_str(),
                    tenon::fixed_text(result_.iou(c), 3).c_str());
    }
    std::printf("  %-16s %s   (right pixels: %s %%)\n", "mean", tenon::fixed_text(result_.mean_iou(), 3).c_str(),
                tenon::fixed_text(100 * result_.pixel_accuracy(), 1).c_str());
    std::printf("\nTrained for %s. In %s:\n", tenon::clock_text(seconds).c_str(), task_.output.c_str());
    std::printf("  weights.safetensors   the weights, under PyTorch's names\n");
    std::printf("  predictions.png       test pictures: input, truth, prediction\n");
    std::printf("  layers.txt            each layer's result, parameters and work; the memory of a training step\n");
  }

  task task_;
  teacher teacher_;
  student student_;
  std::vector<float> pictures_;
  std::vector<std::uint8_t> labels_;
  tenon::confusion_matrix result_{classes};
};

}  // namespace segment
