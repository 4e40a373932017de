// SPDX-License-Identifier: Apache-2.0
// A program of a user's own: describes a network, trains it for a step, saves it, loads it and predicts.
#include <tenon/tenon.hpp>
//
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

using namespace tenon::layers;
using namespace tenon::literals;

template <int Channels, int Stride = 1>
inline constexpr auto conv_norm_relu = conv2d<Channels, kernel<3>, stride<Stride>, no_bias>{} >> batch_norm{} >> relu{};

template <int Classes>
inline constexpr auto small_unet = [](auto image) {
  auto fine = name<"encoder.fine">(conv_norm_relu<32>)(image);
  auto coarse = name<"encoder.coarse">(conv_norm_relu<64, 2> >> conv_norm_relu<64>)(fine);
  auto joined = concat(resize_like(coarse, fine), fine);
  return name<"decoder">(conv_norm_relu<32> >> conv2d<Classes>{})(joined);
};

using segmenter = tenon::predictor<small_unet<11>, tenon::image<1, 3, 360, 480>>;
static_assert(segmenter::parameter_count < 200'000);
static_assert(segmenter::arena_bytes < 96_MiB);

using teacher = tenon::trainer<small_unet<11>, tenon::image<4, 3, 360, 480>, tenon::cross_entropy<tenon::ignore<11>>,
                               tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>>;

int main() {
  const std::int64_t pixels = 360 * 480;
  std::vector<float> colours(static_cast<std::size_t>(4 * 3 * pixels));
  std::vector<std::uint8_t> classes(static_cast<std::size_t>(4 * pixels));
  for (std::size_t i = 0; i < colours.size(); ++i) colours[i] = std::sin(0.37f * static_cast<float>(i % 1009));
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::uint8_t>(i / 40 % 12);
  const tenon::tensor_view pictures{colours, 4, 3, 360, 480};
  const tenon::tensor_view labels{classes, 4, 360, 480};
  const tenon::tensor_view picture{std::span(colours).first(3 * pixels), 1, 3, 360, 480};

  teacher t{tenon::initialize(42)};
  const float first_loss = t.step(pictures, labels, {.learning_rate = 0.05f});
  const float second_loss = t.step(pictures, labels, {.learning_rate = 0.05f});
  segmenter live{t.parameters()};
  t.save("small_unet.safetensors");

  segmenter net{tenon::load("small_unet.safetensors"), tenon::threads{2}};
  segmenter again{tenon::load("small_unet.safetensors")};
  const auto logits = net(picture);
  const auto live_logits = live(picture);
  const auto same_logits = again(picture);

  std::int64_t finite = 0, same = 0;
  double greatest = 0, difference = 0;
  for (std::int64_t i = 0; i < logits.size(); ++i) {
    finite += std::isfinite(logits.data()[i]) ? 1 : 0;
    same += live_logits.data()[i] == same_logits.data()[i] ? 1 : 0;
    greatest = std::fmax(greatest, std::fabs(double{logits.data()[i]}));
    difference = std::fmax(difference, std::fabs(double{logits.data()[i]} - double{live_logits.data()[i]}));
  }
  std::printf("parameters %lld\n", static_cast<long long>(segmenter::parameter_count));
  std::printf("losses %.6f %.6f\n", double{first_loss}, double{second_loss});
  std::printf("logits %lld finite %lld same %lld difference %.9f of %.9f\n", static_cast<long long>(logits.size()),
              static_cast<long long>(finite), static_cast<long long>(same), difference, greatest);
}
