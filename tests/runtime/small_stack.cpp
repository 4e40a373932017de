// SPDX-License-Identifier: Apache-2.0
// Networks predict and train in a thread with a small stack, whatever kernels they need: those ask for 32 KiB at most.
// Meson runs these cases with threads of libgomp's that have as little, too.
#include <pthread.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "runtime/small.hpp"

using namespace runtime_test;

namespace {

/// Few contiguous channels, pointwise to blocked ones and back; all norms, and what sums over images in parts.
inline constexpr auto many_kernels = [](auto image) {
  using namespace tenon::layers;
  auto few = relu{}(batch_norm{}(conv2d<6, kernel<5>, padding<2>>{}(image)));
  few = dropout<0.25>{}(add(few, conv2d<6, kernel<3>, padding<1>>{}(few)));
  auto wide = prelu{}(batch_norm{}(conv2d<40>{}(few)));
  wide = hard_swish{}(group_norm<4>{}(depthwise_conv2d<kernel<3>, padding<2>, dilation<2>>{}(wide)));
  wide = conv2d<40, kernel<3>, padding<1>, groups<4>>{}(max_pool2d<kernel<2>>{}(wide));
  wide = multiply(wide, sigmoid{}(global_average_pool{}(wide)));
  auto scores = conv2d<classes>{}(resize_like(conv_transpose2d<24, kernel<2>, stride<2>>{}(wide), few));
  return resize_like(scores, image);
};
using input = tenon::image<2, 5, 90, 70>;
using predicting = tenon::predictor<many_kernels, input>;
using training = tenon::trainer<many_kernels, input, tenon::cross_entropy<tenon::ignore<200>>, tenon::adam<>>;

/// What a step asks for at most, and as much again for what is below it: libgomp, oneDNN, the thread's own data.
constexpr std::size_t stack_bytes = std::size_t{64} << 10;

/// Calls `function` in a thread with so little stack.
template <class Function>
void in_small_thread(const Function& function) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, stack_bytes) == 0);
  pthread_t thread;
  const auto start = [](void* called) -> void* {
    (*static_cast<const Function*>(called))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, start, const_cast<Function*>(&function)) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  pthread_attr_destroy(&attributes);
}

}  // namespace

TEST_CASE("a step of many kernels runs on a small stack", "[small stack]") {
  tenon::random_source random(7);
  std::vector<float> pictures(2 * 5 * 90 * 70);
  for (float& each : pictures) each = static_cast<float>(random.normal());
  std::vector<std::uint8_t> labels(2 * 90 * 70);
  for (std::uint8_t& each : labels) each = static_cast<std::uint8_t>(random.bits() % classes);
  const tenon::tensor_view<const float, 4> seen(pictures.data(), 2, 5, 90, 70);
  const tenon::tensor_view<const std::uint8_t, 3> wanted(labels.data(), 2, 90, 70);
  for (const int count : {1, 2}) {
    training teacher{tenon::initialize(42), tenon::threads{count}};
    training beside{tenon::initialize(42), tenon::threads{count}};
    predicting predict{teacher.parameters(), tenon::threads{count}};
    std::vector<float> losses, logits;
    in_small_thread([&] {
      for (int i = 0; i < 3; ++i) losses.push_back(teacher.step(seen, wanted, {.learning_rate = 0.01f}));
      logits = copy_of(predict(seen));
    });
    // On any other stack the same comes out.
    for (const float loss : losses) CHECK(beside.step(seen, wanted, {.learning_rate = 0.01f}) == loss);
    CHECK(losses.back() < losses.front());
    CHECK(copy_of(predicting{beside.parameters(), tenon::threads{count}}(seen)) == logits);
  }
}
