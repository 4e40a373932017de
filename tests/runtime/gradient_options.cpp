// SPDX-License-Identifier: Apache-2.0
// accumulate, clip_norm and clip_value: what becomes of gradients before the updates.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/runtime/trainer.hpp"

using namespace tenon;
using namespace tenon::layers;

namespace {

inline constexpr auto net =
    conv2d<6, kernel<3>>{} >> relu{} >> conv2d<6, kernel<3>, stride<2>>{} >> relu{} >> conv2d<3>{};
using optimizer = sgd<momentum<0.9>, weight_decay<1e-3>>;

template <int Batch>
struct batches {
  static constexpr int pixels = 12 * 10, outputs = 6 * 5;
  std::vector<float> pictures;
  std::vector<std::uint8_t> labels;

  explicit batches(int count)
      : pictures(static_cast<std::size_t>(count * Batch * 3 * pixels)),
        labels(static_cast<std::size_t>(count * Batch * outputs)) {
    std::mt19937 random(3);
    std::normal_distribution<float> any;
    for (float& each : pictures) each = any(random);
    for (std::uint8_t& each : labels) each = static_cast<std::uint8_t>(random() % 3);
  }
  tensor_view<const float, 4> picture(int i, int size = Batch) const {
    return tensor_view<const float, 4>(pictures.data() + std::ptrdiff_t{i} * size * 3 * pixels, size, 3, 12, 10);
  }
  label_view<3> label(int i, int size = Batch) const {
    return tensor_view<const std::uint8_t, 3>{labels.data() + static_cast<std::ptrdiff_t>(i) * size * outputs, size, 6,
                                              5};
  }
};

template <int Batch, class... Options>
using teacher = trainer<net, image<Batch, 3, 12, 10>, cross_entropy<>, Options...>;

/// The greatest difference of all parameters, over the greatest value of each.
template <class A, class B>
double difference(const A& a, const B& b) {
  double worst = 0;
  for (const parameter_description& entry : A::parameter_list) {
    const parameter_view one = a.parameter(entry.name), other = b.parameter(entry.name);
    double greatest = 1e-30, apart = 0;
    for (std::size_t i = 0; i < one.values.size(); ++i) {
      greatest = std::max(greatest, std::abs(static_cast<double>(one.values[i])));
      apart = std::max(apart, std::abs(static_cast<double>(one.values[i]) - static_cast<double>(other.values[i])));
    }
    worst = std::max(worst, apart / greatest);
  }
  return worst;
}

template <class... Backend>
void accumulates() {
  teacher<1, optimizer, accumulate<4>, Backend...> parts{initialize(5)};
  teacher<4, optimizer, Backend...> whole{initialize(5)};
  const batches<4> data(3);
  for (int step = 0; step < 3; ++step) {
    const float loss = whole.step(data.picture(step), data.label(step), {.learning_rate = 0.05f});
    double sum = 0;
    for (int part = 0; part < 4; ++part) {
      const auto before = parts.parameter("0.weight").values[0];
      const auto result =
          parts.step(data.picture(step * 4 + part, 1), data.label(step * 4 + part, 1), {.learning_rate = 0.05f});
      sum += static_cast<double>(result.loss);
      CHECK(result.updated == (part == 3));
      CHECK((parts.parameter("0.weight").values[0] == before) == (part != 3));
    }
    CHECK(sum / 4 == Approx(static_cast<double>(loss)).epsilon(1e-6));
    CHECK(difference(parts, whole) < 1e-6);
  }
}

}  // namespace

TEST_CASE("four accumulated steps of one picture equal one step of four") {
  accumulates<>();
  accumulates<backend::reference>();
}

TEST_CASE("Adam counts its updates, not the steps between") {
  teacher<1, adam<>, accumulate<2>> parts{initialize(5)};
  teacher<2, adam<>> whole{initialize(5)};
  const batches<2> data(4);
  for (int step = 0; step < 4; ++step) {
    whole.step(data.picture(step), data.label(step), {.learning_rate = 0.01f});
    for (int part = 0; part < 2; ++part)
      parts.step(data.picture(step * 2 + part, 1), data.label(step * 2 + part, 1), {.learning_rate = 0.01f});
    CHECK(difference(parts, whole) < 1e-5);
  }
}

TEST_CASE("accumulation takes memory for one gradient a parameter, and the step's arena stays") {
  using baseline = teacher<1, optimizer>;
  using summed = teacher<1, optimizer, accumulate<4>>;
  STATIC_REQUIRE(baseline::gradient_bytes == 0);
  STATIC_REQUIRE(summed::gradient_bytes == baseline::parameter_count * 4);
  STATIC_REQUIRE(summed::arena_bytes <= baseline::arena_bytes);
  STATIC_REQUIRE(summed::optimizer_bytes == baseline::optimizer_bytes);
  STATIC_REQUIRE(teacher<1, optimizer, clip_norm<1.0>>::gradient_bytes == baseline::parameter_count * 4);
  STATIC_REQUIRE(teacher<1, optimizer, clip_value<1.0>>::gradient_bytes == 0);
}

TEST_CASE("a refused step leaves what was accumulated, and a batch without labels counts as one of no gradient") {
  using summed = trainer<net, image<1, 3, 12, 10>, cross_entropy<ignore<9>>, optimizer, accumulate<2>>;
  using halved = trainer<net, image<1, 3, 12, 10>, weighted<cross_entropy<ignore<9>>, 0.5>, optimizer>;
  summed t{initialize(5)};
  halved half{initialize(5)};
  batches<1> data(3);
  const auto step = [&](auto& of, int i) { return of.step(data.picture(i), data.label(i), {.learning_rate = 0.05f}); };
  step(t, 0);
  data.pictures[5] += std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(step(t, 0), numeric_error);
  data.pictures[5] = 1;
  batches<1> same(3);
  summed calm{initialize(5)};
  for (int i = 0; i < 2; ++i) calm.step(same.picture(i), same.label(i), {.learning_rate = 0.05f});
  CHECK(step(t, 1).updated);
  CHECK(difference(t, calm) == 0);

  summed first{initialize(5)}, second{initialize(5)};
  const std::vector<std::uint8_t> none(static_cast<std::size_t>(batches<1>::outputs), 9);
  const label_view<3> nothing = tensor_view<const std::uint8_t, 3>(none.data(), 1, 6, 5);
  CHECK_FALSE(first.step(same.picture(0), nothing, {.learning_rate = 0.05f}).updated);
  CHECK_FALSE(first.step(same.picture(0), same.label(0), {.learning_rate = 0.05f}).updated);
  CHECK(first.step(same.picture(1), nothing, {.learning_rate = 0.05f}).updated);
  half.step(same.picture(0), same.label(0), {.learning_rate = 0.05f});
  CHECK(difference(first, half) < 1e-6);
  CHECK_FALSE(second.step(same.picture(0), same.label(0), {.learning_rate = 0.05f}).updated);
  const step_result<1> last = second.step(same.picture(1), nothing, {.learning_rate = 0.05f});
  CHECK(last.updated);
  CHECK(last.counted == 0);
  CHECK(last.loss == 0);
  CHECK(difference(second, half) < 1e-6);
}
