// SPDX-License-Identifier: Apache-2.0
// Dropouts in trainers and predictors: what they draw follows from seed, step and layer alone.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"

namespace {

using namespace tenon::layers;
using input = tenon::image<2, 3, 9, 11>;

inline constexpr auto dropping =
    conv2d<19, kernel<3>>{} >> dropout<0.3>{} >> relu{} >> dropout_channels<0.2>{} >> conv2d<5>{} >> dropout<0.1>{};
inline constexpr auto not_dropping =
    conv2d<19, kernel<3>>{} >> dropout<0.0>{} >> relu{} >> dropout_channels<0.0>{} >> conv2d<5>{} >> dropout<0.0>{};

template <const auto& Net, class... Options>
using trainer_of = tenon::trainer<Net, input, tenon::mean_square, tenon::sgd<>, Options...>;
using teacher = trainer_of<dropping, tenon::keep_gradients>;
using plain_teacher = trainer_of<dropping, tenon::keep_gradients, tenon::backend::reference>;

struct batch {
  std::vector<float> pictures = std::vector<float>(2 * 3 * 9 * 11), targets = std::vector<float>(2 * 5 * 9 * 11);

  batch() {
    tenon::random_source random(1);
    for (float& value : pictures) value = static_cast<float>(random.normal());
    for (float& value : targets) value = static_cast<float>(random.normal());
  }
};

template <class Trainer>
float step(Trainer& train, const batch& data, float rate = 0) {
  return train.step(tenon::tensor_view<const float, 4>(data.pictures.data(), 2, 3, 9, 11),
                    tenon::tensor_view<const float, 4>(data.targets.data(), 2, 5, 9, 11), {.learning_rate = rate});
}

/// The losses of some steps that change nothing: they differ by what is dropped.
template <class Trainer>
std::vector<float> losses(Trainer& train, int count = 4) {
  const batch data;
  std::vector<float> found;
  for (int i = 0; i < count; ++i) found.push_back(step(train, data));
  return found;
}

}  // namespace

TEST_CASE("both backends and any number of threads drop the same") {
  const batch data;
  plain_teacher expected{tenon::initialize(7)};
  for (const int threads : {1, 2}) {
    teacher train{expected.parameters(), tenon::threads{threads}, tenon::dropout_seed{7}};
    plain_teacher plain{expected.parameters(), tenon::threads{1}, tenon::dropout_seed{7}};
    for (int i = 0; i < 3; ++i) {
      CHECK(step(train, data) == Approx(step(plain, data)).epsilon(1e-5));
      for (const auto& entry : teacher::parameter_list) {
        const auto found = train.gradient(entry.name), wanted = plain.gradient(entry.name);
        float greatest = 0;
        for (const float value : wanted.values) greatest = std::max(greatest, std::abs(value));
        REQUIRE(greatest > 0);
        for (std::size_t k = 0; k < wanted.size(); ++k) {
          CHECK(std::abs(found.values[k] - wanted.values[k]) <= 1e-5f * greatest);
        }
      }
    }
  }
}

TEST_CASE("each step drops something else, and a seed gives the same steps again") {
  teacher first{tenon::initialize(7)}, again{tenon::initialize(7)};
  const std::vector<float> found = losses(first);
  CHECK(std::set<float>(found.begin(), found.end()).size() == found.size());
  CHECK(losses(again) == found);
  teacher same{first.parameters(), {}, tenon::dropout_seed{7}}, other{first.parameters(), {}, tenon::dropout_seed{8}},
      unseeded{first.parameters()};
  CHECK(losses(same) == found);
  CHECK(losses(other) != found);
  CHECK(losses(unseeded) != found);
}

TEST_CASE("a step that throws and is done again drops the same") {
  teacher undisturbed{tenon::initialize(7)}, disturbed{tenon::initialize(7)};
  const batch data;
  batch broken;
  broken.targets[0] = std::numeric_limits<float>::infinity();
  for (int i = 0; i < 3; ++i) {
    CHECK_THROWS_AS(step(disturbed, broken, 0.1f), tenon::numeric_error);
    CHECK(step(disturbed, data, 0.1f) == step(undisturbed, data, 0.1f));
  }
}

TEST_CASE("a predictor drops nothing, and neither does a rate of 0") {
  teacher train{tenon::initialize(7)};
  tenon::predictor<dropping, input> live{train.parameters()};
  static_assert(tenon::predictor<dropping, input>::arena_bytes == tenon::predictor<not_dropping, input>::arena_bytes);
  tenon::predictor<not_dropping, input> without{tenon::initialize(7)};
  const batch data;
  const tenon::tensor_view<const float, 4> pictures(data.pictures.data(), 2, 3, 9, 11);
  const auto found = live(pictures), expected = without(pictures);
  CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
  trainer_of<not_dropping> steady{tenon::initialize(7)};
  const std::vector<float> same = losses(steady);
  CHECK(std::set<float>(same.begin(), same.end()).size() == 1);
  double sum = 0;
  for (std::size_t i = 0; i < data.targets.size(); ++i) {
    const double difference = static_cast<double>(expected.begin()[i]) - static_cast<double>(data.targets[i]);
    sum += difference * difference;
  }
  CHECK(static_cast<double>(same[0]) == Approx(sum / static_cast<double>(data.targets.size())).epsilon(1e-5));
}

TEST_CASE("on average over many steps a dropout changes nothing") {
  static constexpr auto halved = conv2d<3>{} >> dropout<0.5>{};
  tenon::trainer<halved, input, tenon::mean_square, tenon::sgd<>, tenon::keep_gradients> train{tenon::initialize(3)};
  static constexpr auto whole = conv2d<3>{};
  tenon::trainer<whole, input, tenon::mean_square, tenon::sgd<>, tenon::keep_gradients> steady{tenon::initialize(3)};
  batch data;
  data.targets.resize(2 * 3 * 9 * 11);
  const auto run = [&](auto& of) {
    of.step(tenon::tensor_view<const float, 4>(data.pictures.data(), 2, 3, 9, 11),
            tenon::tensor_view<const float, 4>(data.targets.data(), 2, 3, 9, 11), {.learning_rate = 0});
  };
  // The gradient by the bias is the mean of 2 (m / (1 - rate) y - t) m / (1 - rate): of 2 (2 y - t) for rate 0.5.
  run(steady);
  double bias[3] = {}, target[3] = {};
  for (std::size_t i = 0; i < data.targets.size(); ++i) {
    target[i / 99 % 3] += 2 * static_cast<double>(data.targets[i]) / static_cast<double>(data.targets.size());
  }
  constexpr int steps = 600;
  for (int i = 0; i < steps; ++i) {
    run(train);
    for (std::size_t c = 0; c < 3; ++c) bias[c] += static_cast<double>(train.gradient("0.bias").values[c]) / steps;
  }
  for (std::size_t c = 0; c < 3; ++c) {
    const double expected = 2 * (static_cast<double>(steady.gradient("bias").values[c]) + target[c]) - target[c];
    CHECK(bias[c] == Approx(expected).margin(0.02));
  }
}
