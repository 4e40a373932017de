// SPDX-License-Identifier: Apache-2.0
// Predictors and trainers as users meet them: the same bits again, weights saved, loaded, shared and asked for.
#include <catch2/catch.hpp>
#include <cmath>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/small.hpp"

using namespace runtime_test;

namespace {

inline constexpr auto two_in_two_out = [](auto image, auto coarse) {
  using namespace tenon::layers;
  auto x = add(conv2d<8, kernel<3>>{}(image), resize_like(conv2d<8>{}(coarse), image));
  auto first = name<"first">(conv2d<3>{})(relu{}(x));
  auto second = name<"second">(conv2d<2, kernel<3>, stride<2>>{})(x);
  return std::tuple{first, second};
};
using two = tenon::predictor<two_in_two_out, tenon::inputs<tenon::image<1, 3, 11, 14>, tenon::image<1, 4, 5, 6>>>;

using narrow = tenon::image<1, 3, 20, 17>;
using other_size = tenon::predictor<net, narrow>;

std::vector<float> steps(teacher& train, int count) {
  std::vector<float> losses;
  for (int i = 0; i < count; ++i) {
    const batch data(static_cast<std::uint64_t>(i));
    losses.push_back(train.step(data.pictures(), data.labels(), {.learning_rate = 0.02f}));
  }
  return losses;
}

}  // namespace

static_assert(!std::is_copy_constructible_v<segmenter> && !std::is_copy_assignable_v<segmenter>);
static_assert(std::is_nothrow_move_constructible_v<segmenter> && std::is_move_assignable_v<segmenter>);
static_assert(!std::is_copy_constructible_v<teacher> && std::is_nothrow_move_constructible_v<teacher>);

TEST_CASE("the same seed gives the same bits, another seed others") {
  for (const int threads : {1, 2}) {
    teacher one{tenon::initialize(42), tenon::threads{threads}}, two{tenon::initialize(42), tenon::threads{threads}};
    CHECK(state_of(one) == state_of(two));
    CHECK(steps(one, 4) == steps(two, 4));
    CHECK(state_of(one) == state_of(two));
    teacher three{tenon::initialize(43), tenon::threads{threads}};
    CHECK(state_of(one) != state_of(three));
  }
}

TEST_CASE("training lowers the loss, and thread counts differ by rounding alone") {
  teacher one{tenon::initialize(42), tenon::threads{1}}, two{tenon::initialize(42), tenon::threads{2}};
  const batch data(1);
  float first = 0, last = 0;
  for (int i = 0; i < 10; ++i) {
    last = one.step(data.pictures(), data.labels(), {.learning_rate = 0.05f});
    const float other = two.step(data.pictures(), data.labels(), {.learning_rate = 0.05f});
    CHECK(other == Approx(last).epsilon(1e-3));
    if (i == 0) first = last;
  }
  CHECK(last < 0.98f * first);
}

TEST_CASE("saved and loaded weights predict the same bits") {
  temporary_folder folder;
  const std::string path = folder.file("small.safetensors");
  const batch data(9);
  teacher train{tenon::initialize(3), tenon::threads{1}};
  steps(train, 3);
  train.save(path);
  segmenter live{train.parameters(), tenon::threads{1}};
  const std::vector<float> expected = copy_of(live(data.pictures()));
  segmenter fresh{tenon::load(path), tenon::threads{1}};
  CHECK(copy_of(fresh(data.pictures())) == expected);
  segmenter replaced{tenon::initialize(99), tenon::threads{1}};
  CHECK(copy_of(replaced(data.pictures())) != expected);
  replaced.load(path);
  CHECK(copy_of(replaced(data.pictures())) == expected);
  // The file that a predictor writes is the file that it read.
  const std::string again = folder.file("again.safetensors");
  fresh.save(again);
  const tenon::safetensors_file one(path), two(again);
  REQUIRE(one.tensors().size() == two.tensors().size());
  for (const tenon::stored_tensor& tensor : one.tensors()) {
    const tenon::stored_tensor* other = two.find(tensor.name);
    REQUIRE(other != nullptr);
    CHECK(tensor.extents == other->extents);
    CHECK(std::memcmp(tensor.data, other->data, tensor.dtype == "I64" ? 8 : 4) == 0);
  }
  // Every norm has counted its batches, as PyTorch's.
  const tenon::stored_tensor* counter = one.find("encoder.fine.1.num_batches_tracked");
  REQUIRE(counter != nullptr);
  std::int64_t batches = 0;
  std::memcpy(&batches, counter->data, sizeof(batches));
  CHECK(batches == 3);
}

TEST_CASE("a predictor follows the trainer whose weights it shares") {
  teacher train{tenon::initialize(5), tenon::threads{1}};
  segmenter live{train.parameters(), tenon::threads{1}};
  other_size smaller{train.parameters(), tenon::threads{1}};
  const batch data(2);
  const tenon::tensor_view<const float, 4> part(data.values.data(), 1, 3, 20, 17);
  temporary_folder folder;
  std::vector<float> before = copy_of(live(data.pictures())), before_smaller = copy_of(smaller(part));
  for (int i = 0; i < 3; ++i) {
    train.step(data.pictures(), data.labels(), {.learning_rate = 0.05f});
    const std::vector<float> now = copy_of(live(data.pictures())), now_smaller = copy_of(smaller(part));
    CHECK(now != before);
    CHECK(now_smaller != before_smaller);
    const std::string path = folder.file("now" + std::to_string(i));
    train.save(path);
    CHECK(copy_of(segmenter(tenon::load(path), tenon::threads{1})(data.pictures())) == now);
    CHECK(copy_of(other_size(tenon::load(path), tenon::threads{1})(part)) == now_smaller);
    before = now;
    before_smaller = now_smaller;
  }
  // A change by hand is seen too, and by the trainer: its loss is that of the changed weights.
  const std::vector<float> halves(classes, 0.5f);
  train.parameters().assign("decoder.3.bias", tenon::tensor_view(halves, classes));
  CHECK(copy_of(live(data.pictures())) != before);
  CHECK(copy_of(live.parameter("decoder.3.bias")) == halves);
}

TEST_CASE("parameters and gradients are found by PyTorch's names") {
  teacher train{tenon::initialize(5), tenon::threads{1}};
  const batch data(2);
  CHECK(train.parameter("encoder.coarse.0.weight").extents == tenon::shape(64, 32, 3, 3));
  CHECK(train.parameter("encoder.fine.1.running_var").size() == 32);
  // Plain SGD at the first step: the change is the learning rate times gradient and decay.
  const std::vector<float> before = copy_of(train.parameter("decoder.3.weight"));
  train.step(data.pictures(), data.labels(), {.learning_rate = 0.5f});
  const std::vector<float> after = copy_of(train.parameter("decoder.3.weight"));
  const tenon::parameter_view gradient = train.gradient("decoder.3.weight");
  CHECK(gradient.extents == tenon::shape(classes, 32, 1, 1));
  REQUIRE(gradient.size() == before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double expected = before[i] - 0.5 * (static_cast<double>(gradient.values[i]) + 1e-4 * before[i]);
    CHECK(static_cast<double>(after[i]) == Approx(expected).margin(1e-6));
  }
  CHECK_THROWS_AS(train.gradient("decoder.9.weight"), tenon::weight_error);
  CHECK_THROWS_AS(train.parameter("decoder.9.weight"), tenon::weight_error);
}

TEST_CASE("a moved predictor and a moved trainer go on") {
  const batch data(4);
  segmenter first{tenon::initialize(8), tenon::threads{1}};
  const std::vector<float> expected = copy_of(first(data.pictures()));
  segmenter second = std::move(first);
  CHECK(copy_of(second(data.pictures())) == expected);
  segmenter third{tenon::initialize(9), tenon::threads{1}};
  third = std::move(second);
  CHECK(copy_of(third(data.pictures())) == expected);

  teacher stays{tenon::initialize(8), tenon::threads{1}}, goes{tenon::initialize(8), tenon::threads{1}};
  steps(stays, 2);
  steps(goes, 2);
  teacher gone = std::move(goes);
  CHECK(steps(gone, 2) == steps(stays, 2));
  CHECK(state_of(gone) == state_of(stays));
}

TEST_CASE("several inputs and outputs") {
  two predict{tenon::initialize(8), tenon::threads{1}};
  const batch data(4);
  const tenon::tensor_view<const float, 4> image(data.values.data(), 1, 3, 11, 14),
      coarse(data.values.data() + 600, 1, 4, 5, 6);
  const auto [first, second] = predict(image, coarse);
  CHECK(first.extents() == std::array<std::int64_t, 4>{1, 3, 11, 14});
  CHECK(second.extents() == std::array<std::int64_t, 4>{1, 2, 6, 7});
  const std::vector<float> before = copy_of(first);
  // Both inputs count.
  const tenon::tensor_view<const float, 4> other(data.values.data() + 777, 1, 4, 5, 6);
  CHECK(copy_of(std::get<0>(predict(image, other))) != before);
  CHECK(copy_of(std::get<0>(predict(image, coarse))) == before);
}
