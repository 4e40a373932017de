// SPDX-License-Identifier: Apache-2.0
// A program of a user who has all warnings on, libstdc++'s debug mode and the sanitizer of undefined behaviour: it
// compiles, and runs without a complaint.
#include <tenon/tenon.hpp>
//
#include <tenon/layers/rewrite_convolutions.hpp>
#include <tenon/report/layers_of.hpp>
//
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <tuple>
#include <vector>

#include "support/networks.hpp"

using namespace tenon::layers;
using tenon_test::small_unet;

// Few contiguous channels, depthwise, grouped and dilated convolutions, all norms, shared and frozen parts, two
// outputs.
inline constexpr auto branches = [](auto image) {
  auto head = share<"head">(conv2d<8, kernel<3>, padding<1>>{} >> prelu{} >> conv2d<3>{});
  auto few = dropout<0.25>{}(relu{}(batch_norm{}(conv2d<6, kernel<3>, padding<1>>{}(image))));
  auto wide =
      frozen(group_norm<nearest<32>>{})(depthwise_conv2d<kernel<3>, padding<2>, dilation<2>>{}(conv2d<24>{}(few)));
  wide = multiply(wide, sigmoid{}(global_average_pool{}(conv2d<24, kernel<3>, padding<1>, groups<4>>{}(wide))));
  auto coarse = max_pool2d<kernel<2>>{}(channel_shuffle<4>{}(wide));
  return std::tuple{head(conv_transpose2d<24, kernel<2>, stride<2>>{}(coarse)), resize_like(head(coarse), image)};
};
inline constexpr auto rewritten = scale_width<0.5, except<"head">>(branches);

using picture = tenon::image<2, 3, 24, 20>;
using segmenter = tenon::predictor<small_unet<11>, picture>;
using teacher = tenon::trainer<small_unet<11>, picture, tenon::cross_entropy<tenon::ignore<11>>,
                               tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<1e-4>>>;
using losses =
    tenon::losses<tenon::cross_entropy<tenon::class_weights<1, 0.5, 2>>, tenon::weighted<tenon::cross_entropy<>, 0.4>>;
using tuning = tenon::plan_of<branches, picture, losses, tenon::adam<>, tenon::keep_gradients>;

static_assert(tuning::arena_bytes >= tuning::lower_bound_bytes && tuning::gradient_bytes > 0);
static_assert(tenon::plan_of<rewritten, picture>::macs < tenon::plan_of<branches, picture>::macs);
static_assert(tenon::layers_of<rewritten, picture>.size() > 10);

namespace {

int failed = 0;

void expect(bool condition, const char* sentence) {
  if (condition) return;
  ++failed;
  std::printf("failed: %s\n", sentence);
}

}  // namespace

int main() {
  std::vector<float> colours(2 * 3 * 24 * 20);
  std::vector<std::uint8_t> classes(2 * 24 * 20);
  for (std::size_t i = 0; i < colours.size(); ++i) colours[i] = std::sin(0.37f * static_cast<float>(i));
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::uint8_t>(i / 40 % 3);
  const tenon::tensor_view<const float, 4> pictures{colours.data(), 2, 3, 24, 20};
  const tenon::tensor_view<const std::uint8_t, 3> labels{classes.data(), 2, 24, 20};

  teacher train{tenon::initialize(42)};
  const float first = train.step(pictures, labels, {.learning_rate = 0.05f});
  expect(train.step(pictures, labels, {.learning_rate = 0.05f}) < first, "a step lowers the loss");
  segmenter net{train.parameters(), tenon::threads{2}};
  bool finite = true;
  for (const float logit : net(pictures)) finite = finite && std::isfinite(logit);
  expect(finite, "logits are finite");
  return failed == 0 ? 0 : 1;
}
