// SPDX-License-Identifier: Apache-2.0
// One file of three: a trainer and predictors of constant size. What all compute is printed to the last bit.
#include <cstdio>
#include <string>
#include <vector>

#include "separate/program.hpp"

namespace {

using segmenter = tenon::predictor<net, tenon::image<1, 3, 24, 20>>;
using referee = tenon::predictor<net, tenon::image<1, 3, 24, 20>, tenon::backend::reference>;
using teacher = tenon::trainer<net, tenon::image<2, 3, 24, 20>, tenon::cross_entropy<tenon::ignore<4>>, tenon::adam<>,
                               tenon::clip_norm<1.0>>;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string path = argv[1];
  const std::vector<float> pictures = pixels_of(2);
  std::vector<std::uint8_t> labels(2 * 24 * 20);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::uint8_t>(i * 7 % 5);

  teacher t{tenon::initialize(3), tenon::threads{2}};
  for (int i = 0; i < 3; ++i) {
    const auto result = t.step(tenon::tensor_view(pictures, 2, 3, 24, 20), tenon::tensor_view(labels, 2, 24, 20),
                               {.learning_rate = 0.01f});
    std::printf("step %a of %lld\n", static_cast<double>(result.loss), static_cast<long long>(result.counted));
  }
  const float loss = t.evaluate(tenon::tensor_view(pictures, 2, 3, 24, 20), tenon::tensor_view(labels, 2, 24, 20));
  std::printf("evaluate %a\n", static_cast<double>(loss));
  t.save_checkpoint(path);

  segmenter net_of_file{tenon::load(path), tenon::threads{2}};
  referee slow{tenon::load(path)};
  const std::vector<float> picture = pixels_of(1);
  const tenon::tensor_view view(picture, 1, 3, 24, 20);
  const auto fast_output = net_of_file(view), slow_output = slow(view);
  std::printf("predictor %016llx\n", static_cast<unsigned long long>(bits_of(fast_output)));
  double greatest = 0;
  for (std::int64_t i = 0; i < fast_output.size(); ++i) {
    const double difference = static_cast<double>(fast_output.data()[i] - slow_output.data()[i]);
    greatest = difference > greatest ? difference : -difference > greatest ? -difference : greatest;
  }
  std::printf("as the reference: %d\n", greatest < 1e-4);

  try {
    t.load("no such file");
  } catch (const tenon::file_error& error) {
    std::printf("file_error: %s\n", error.what());
  }
  print_dynamic_sizes(path);
}
