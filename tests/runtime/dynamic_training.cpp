// SPDX-License-Identifier: Apache-2.0
// dynamic_trainer gives the bits that trainer gives, and says what is wrong with a size.
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/runtime/dynamic_trainer.hpp"
#include "tenon/runtime/trainer.hpp"

using namespace tenon;
using namespace tenon::layers;

namespace {

inline constexpr auto net = [](auto picture) {
  auto fine = name<"fine">(conv2d<8, kernel<3>, no_bias>{} >> batch_norm{} >> relu{})(picture);
  auto coarse = name<"coarse">(conv2d<12, kernel<3>, stride<2>>{} >> relu{} >> dropout<0.25>{})(fine);
  return name<"head">(conv2d<3>{})(concat(resize_like(coarse, fine), fine));
};
inline constexpr auto two = [](auto first, auto second) {
  auto joined = conv2d<6, kernel<3>>{}(first) + conv2d<6>{}(second);
  return std::tuple{conv2d<3>{}(joined), conv2d<2>{}(joined)};
};

constexpr int height = 10, width = 14, images = 2;

template <class T>
std::vector<T> drawn(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<T> values(count);
  if constexpr (std::is_same_v<T, float>) {
    std::normal_distribution<float> any;
    for (float& each : values) each = any(random);
  } else {
    for (T& each : values) each = static_cast<T>(random() % 3);
  }
  return values;
}

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  const parameter_table table = a.execution().store()->table();
  for (const auto& list : {table.parameters, table.buffers}) {
    for (const parameter_description& entry : list) {
      const parameter_view one = a.parameter(entry.name), other = b.parameter(entry.name);
      if (std::memcmp(one.data(), other.data(), one.values.size_bytes()) != 0) return false;
    }
  }
  return true;
}

template <class Optimizer, class... Options>
void trains_alike() {
  trainer<net, image<images, 3, height, width>, cross_entropy<ignore<2>>, Optimizer, Options...> expected{
      initialize(4)};
  dynamic_trainer<net, cross_entropy<ignore<2>>, Optimizer, Options...> found{shape(images, 3, height, width),
                                                                              initialize(4)};
  CHECK(found.arena_bytes() == expected.arena_bytes);
  CHECK(found.optimizer_bytes() == expected.optimizer_bytes);
  CHECK(found.gradient_bytes() == expected.gradient_bytes);
  CHECK(found.total_bytes() == expected.total_bytes);
  CHECK(found.macs() == expected.macs);
  for (unsigned step = 0; step < 3; ++step) {
    const std::vector<float> picture = drawn<float>(images * 3 * height * width, step);
    const std::vector<std::uint8_t> label = drawn<std::uint8_t>(images * height * width, step + 50);
    const tensor_view<const float, 4> x(picture.data(), images, 3, height, width);
    const tensor_view<const std::uint8_t, 3> y(label.data(), images, height, width);
    const auto one = expected.step(x, y, {.learning_rate = 0.05f});
    const auto other = found.step(x, y, {.learning_rate = 0.05f});
    CHECK(one.loss == other.loss);
    CHECK(one.counted == other.counted);
    CHECK(one.updated == other.updated);
    CHECK(same_bits(expected, found));
    CHECK(expected.evaluate(x, y).loss == found.evaluate(x, y).loss);
  }
}

}  // namespace

TEST_CASE("a network trains at run time with the bits of one compiled for the size") {
  trains_alike<sgd<momentum<0.9>, weight_decay<1e-3>>>();
  trains_alike<adam<>, clip_norm<0.1>>();
  trains_alike<sgd<>, accumulate<2>, keep_gradients>();
  trains_alike<sgd<momentum<0.9>>, backend::reference>();
}

TEST_CASE("several inputs and losses, gradients and checkpoints at run time") {
  using both = losses<cross_entropy<>, weighted<mean_square, 0.3>>;
  trainer<two, inputs<image<1, 3, 6, 5>, image<1, 4, 6, 5>>, both, adam<>, keep_gradients> expected{initialize(4)};
  dynamic_trainer<two, both, adam<>, keep_gradients> found{std::array{shape(1, 3, 6, 5), shape(1, 4, 6, 5)},
                                                           initialize(4)};
  const std::vector<float> first = drawn<float>(90, 1), second = drawn<float>(120, 2), wanted = drawn<float>(60, 3);
  const std::vector<std::int64_t> label = drawn<std::int64_t>(30, 4);
  const auto step = [&](auto& t) {
    return t.step(tensor_view<const float, 4>(first.data(), 1, 3, 6, 5),
                  tensor_view<const float, 4>(second.data(), 1, 4, 6, 5),
                  tensor_view<const std::int64_t, 3>(label.data(), 1, 6, 5),
                  tensor_view<const float, 4>(wanted.data(), 1, 2, 6, 5), {.learning_rate = 0.01f});
  };
  for (int i = 0; i < 3; ++i) {
    const auto one = step(expected), other = step(found);
    for (std::size_t k = 0; k < 2; ++k) CHECK(one.losses[k].value == other.losses[k].value);
  }
  const parameter_view one = expected.gradient("0.weight"), other = found.gradient("0.weight");
  CHECK(std::equal(one.begin(), one.end(), other.begin()));

  const temporary_folder folder;
  expected.save_checkpoint(folder.file("run.safetensors"));
  dynamic_trainer<two, both, adam<>> resumed{std::array{shape(1, 3, 6, 5), shape(1, 4, 6, 5)}, initialize(9)};
  resumed.load_checkpoint(folder.file("run.safetensors"));
  CHECK(step(expected).loss == step(resumed).loss);
  CHECK(same_bits(expected, resumed));
}

TEST_CASE("what is wrong with a size or a batch is said") {
  using teacher = dynamic_trainer<net, cross_entropy<>, sgd<>>;
  CHECK_THROWS_AS(teacher(shape(1, 3, 0, 4), initialize(1)), shape_error);
  CHECK_THROWS_AS(teacher(shape(1, 3, 1 << 20, 1 << 20), initialize(1)), allocation_error);
  teacher t{shape(1, 3, 6, 8), initialize(1)};
  const std::vector<float> picture(3 * 6 * 8);
  const std::vector<std::uint8_t> label(6 * 8);
  const tensor_view<const float, 4> x(picture.data(), 1, 3, 6, 8), turned(picture.data(), 1, 3, 8, 6);
  const tensor_view<const std::uint8_t, 3> y(label.data(), 1, 6, 8);
  CHECK_THROWS_WITH(t.step(turned, y), Catch::Contains("input 0 is 1 x 3 x 8 x 6"));
  CHECK_THROWS_WITH(t.step(x, x), Catch::Contains("target 0 is 1 x 3 x 6 x 8"));
  CHECK_THROWS_WITH(t.step(x, x, y), Catch::Contains("a step takes 2 tensors, inputs and then targets, 3 were given"));
  const tensor_view<const float, 3> floats(picture.data(), 1, 6, 8);
  CHECK_THROWS_WITH(t.step(x, floats), Catch::Contains("target 0 takes class labels, given were floats"));
  CHECK_THROWS_AS(t.step(x, y, {.learning_rate = -1}), numeric_error);
}
