// SPDX-License-Identifier: Apache-2.0
// The loss of a batch without a step, each loss by itself, and batches in which no label counts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"

namespace {

using namespace tenon::layers;

// A norm and a dropout, which work otherwise in training; scores of 3 classes and a value.
inline constexpr auto net = [](auto x) {
  x = dropout<0.5>{}(relu{}(batch_norm{}(conv2d<16, kernel<3>>{}(x))));
  return std::tuple{conv2d<3>{}(x), conv2d<1>{}(x)};
};
constexpr int pixels = 7 * 9;
using input = tenon::image<2, 3, 7, 9>;
using loss = tenon::losses<tenon::weighted<tenon::cross_entropy<tenon::ignore<9>, tenon::class_weights<1, 0, 2.5>>, 2>,
                           tenon::weighted<tenon::mean_square, 0.5>>;
template <class Backend>
using teacher = tenon::trainer<net, input, loss, tenon::adamw<tenon::weight_decay<0.1>>, Backend>;

inline constexpr auto scores = batch_norm{} >> conv2d<3>{};
using scores_loss = tenon::cross_entropy<tenon::ignore<9>, tenon::class_weights<1, 0, 2.5>>;
using scores_teacher =
    tenon::trainer<scores, input, scores_loss, tenon::sgd<tenon::momentum<0.9>, tenon::weight_decay<0.1>>,
                   tenon::keep_gradients>;

struct tensors {
  std::vector<float> x = std::vector<float>(2 * 3 * pixels), y = std::vector<float>(2 * pixels);
  std::vector<std::int32_t> classes = std::vector<std::int32_t>(2 * pixels);

  tensors() {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = std::cos(static_cast<float>(i));
    for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = i % 7 == 0 ? 9 : static_cast<std::int32_t>(i % 3);
  }
  auto picture() const { return tenon::tensor_view<const float, 4>(x.data(), 2, 3, 7, 9); }
  auto values() const { return tenon::tensor_view<const float, 4>(y.data(), 2, 1, 7, 9); }
  auto labels() const { return tenon::tensor_view<const std::int32_t, 3>(classes.data(), 2, 7, 9); }
};

/// All values of parameters and running statistics, counters included, and of the optimizer.
template <class Trainer>
std::vector<std::byte> state_of(const Trainer& train) {
  const tenon::plan_view& plan = train.execution().plan();
  const std::byte* first = train.execution().store()->memory();
  const std::int64_t bytes = tenon::round_up(plan.parameter_bytes + plan.buffer_bytes, 8) + 8;  // one norm's counter
  std::vector<std::byte> all(first, first + bytes);
  const std::byte* states = train.execution().program().spaces()[tenon::memory_space::optimizer];
  all.insert(all.end(), states, states + plan.optimizer_bytes);
  return all;
}

struct expected_losses {
  double entropy = 0, square = 0;
  std::int64_t counted = 0;
};

template <class Scores, class Values>
expected_losses losses_of(const Scores& scored, const Values& valued, const tensors& data) {
  expected_losses found;
  double divisor = 0;
  for (std::size_t i = 0; i < data.classes.size(); ++i) {
    const double difference = static_cast<double>(valued.data()[i]) - static_cast<double>(data.y[i]);
    found.square += difference * difference / (2 * pixels);
    const std::int32_t label = data.classes[i];
    if (label == 9 || label == 1) continue;  // ignored, or of no weight
    const auto logit = [&](std::size_t c) {
      return static_cast<double>(scored.data()[(i / pixels * 3 + c) * pixels + i % pixels]);
    };
    const double weight = label == 0 ? 1 : 2.5;
    found.entropy += weight * (std::log(std::exp(logit(0)) + std::exp(logit(1)) + std::exp(logit(2))) -
                               logit(static_cast<std::size_t>(label)));
    divisor += weight;
    ++found.counted;
  }
  found.entropy /= divisor;
  return found;
}

template <class Result>
void check_losses(const Result& found, const expected_losses& expected) {
  CHECK(static_cast<double>(found.losses[0].value) == Approx(expected.entropy).epsilon(1e-4));
  CHECK(static_cast<double>(found.losses[1].value) == Approx(expected.square).epsilon(1e-4));
  CHECK(static_cast<double>(found.loss) == Approx(2 * expected.entropy + 0.5 * expected.square).epsilon(1e-4));
  CHECK(found.losses[0].counted == expected.counted);
  CHECK(found.losses[1].counted == 2 * pixels);
  CHECK(found.counted == expected.counted + 2 * pixels);
  CHECK(static_cast<float>(found) == found.loss);
}

template <class Backend>
void check_backend() {
  teacher<Backend> train{tenon::initialize(1), tenon::threads{1}};
  const tensors data;
  for (int i = 0; i < 3; ++i) train.step(data.picture(), data.labels(), data.values(), {.learning_rate = 0.01f});
  tenon::predictor<net, input, Backend> live{train.parameters(), tenon::threads{1}};
  tenon::predictor<net, input, loss, Backend> judge{train.parameters(), tenon::threads{1}};
  const auto [scored, valued] = live(data.picture());
  const expected_losses expected = losses_of(scored, valued, data);
  const auto before = state_of(train);
  for (int i = 0; i < 2; ++i) {
    check_losses(train.evaluate(data.picture(), data.labels(), data.values()), expected);
    check_losses(judge.evaluate(data.picture(), data.labels(), data.values()), expected);
  }
  CHECK(state_of(train) == before);
  const auto [same, other] = judge(data.picture());
  CHECK(std::equal(same.begin(), same.end(), scored.begin(), scored.end()));
  // A step between evaluations is as it would be without them, and they follow it.
  teacher<Backend> twin{tenon::initialize(1), tenon::threads{1}};
  for (int i = 0; i < 3; ++i) twin.step(data.picture(), data.labels(), data.values(), {.learning_rate = 0.01f});
  const auto one = train.step(data.picture(), data.labels(), data.values(), {.learning_rate = 0.01f});
  const auto two = twin.step(data.picture(), data.labels(), data.values(), {.learning_rate = 0.01f});
  CHECK(one.loss == two.loss);
  CHECK(static_cast<double>(one.loss) ==
        Approx(2 * static_cast<double>(one.losses[0].value) + 0.5 * static_cast<double>(one.losses[1].value)));
  CHECK(state_of(train) == state_of(twin));
  const auto [scored_now, valued_now] = live(data.picture());
  check_losses(train.evaluate(data.picture(), data.labels(), data.values()), losses_of(scored_now, valued_now, data));
  // A moved trainer evaluates too.
  teacher<Backend> moved = std::move(train);
  check_losses(moved.evaluate(data.picture(), data.labels(), data.values()), losses_of(scored_now, valued_now, data));
  // What does not fit is refused as in a step; what is not finite is given back.
  tensors wrong;
  wrong.classes[4] = 5;
  CHECK_THROWS_AS(moved.evaluate(wrong.picture(), wrong.labels(), wrong.values()), tenon::label_error);
  wrong = tensors();
  wrong.x[5] = std::nanf("");
  CHECK(std::isnan(moved.evaluate(wrong.picture(), wrong.labels(), wrong.values()).loss));

  // Where one loss counts nothing it is 0, and the step goes on with the other.
  tensors ignored;
  for (std::int32_t& label : ignored.classes) label = label == 0 ? 9 : 1;
  const auto evaluated = moved.evaluate(ignored.picture(), ignored.labels(), ignored.values());
  CHECK(evaluated.losses[0].value == 0);
  CHECK(evaluated.losses[0].counted == 0);
  CHECK(evaluated.loss == Approx(0.5f * evaluated.losses[1].value));
  const auto stepped = moved.step(ignored.picture(), ignored.labels(), ignored.values());
  CHECK(stepped.losses[0].value == 0);
  CHECK(stepped.loss == Approx(0.5f * stepped.losses[1].value));
  CHECK(stepped.counted == 2 * pixels);
  for (const auto& each : teacher<Backend>::parameter_list)
    for (const float value : moved.parameter(each.name)) CHECK(std::isfinite(value));
}

}  // namespace

static_assert(teacher<tenon::backend::onednn>::evaluation_plan::arena_bytes <=
              teacher<tenon::backend::onednn>::arena_bytes);

TEST_CASE("a batch is evaluated as a predictor predicts it") { check_backend<tenon::backend::onednn>(); }

TEST_CASE("the reference evaluates too") { check_backend<tenon::backend::reference>(); }

TEST_CASE("a step in which nothing counts changes nothing") {
  scores_teacher train{tenon::initialize(1), tenon::threads{1}}, twin{tenon::initialize(1), tenon::threads{1}};
  const tensors data;
  for (scores_teacher* each : {&train, &twin}) each->step(data.picture(), data.labels());
  const auto before = state_of(train);
  for (const std::int32_t label : {9, 1}) {  // ignored; of no weight
    tensors nothing;
    for (std::int32_t& each : nothing.classes) each = label;
    const auto result = train.step(nothing.picture(), nothing.labels());
    CHECK(result.loss == 0);
    CHECK(result.counted == 0);
    CHECK(result.losses[0].counted == 0);
    CHECK(state_of(train) == before);
    for (const auto& each : scores_teacher::parameter_list)
      for (const float value : train.gradient(each.name)) CHECK(value == 0);
    CHECK(train.evaluate(nothing.picture(), nothing.labels()).loss == 0);
    nothing.classes[3] = 4;
    CHECK_THROWS_AS(train.step(nothing.picture(), nothing.labels()), tenon::label_error);
  }
  CHECK(train.step(data.picture(), data.labels()).loss == twin.step(data.picture(), data.labels()).loss);
  CHECK(state_of(train) == state_of(twin));
}

namespace {

/// A program that has slow steps, or none.
template <bool HasSlowSteps>
struct telling_program : tenon::onednn::program {
  using tenon::onednn::program::program;
  static inline int told = 0;
  bool tell_of_slow_steps() const {
    ++told;
    return HasSlowSteps;
  }
};

/// How often is said that an evaluation or its owner is slow.
template <bool OwnerIsSlow>
int told_by_both() {
  using trained = scores_teacher::plan_type;
  using evaluated = scores_teacher::evaluation_plan;
  using telling = telling_program<OwnerIsSlow>;
  telling::told = 0;
  const scores_teacher train{tenon::initialize(1)};
  const tenon::executor<telling> owner(trained::view(), train.execution().store(), tenon::threads{1});
  CHECK(telling::told == 1);
  CHECK(owner.told() == OwnerIsSlow);
  const tenon::evaluation<telling> evaluation(evaluated::view(), evaluated::lowered::graph.view(), owner);
  return telling::told;
}

}  // namespace

TEST_CASE("slow steps are told of once for a trainer and its evaluation") {
  CHECK(told_by_both<true>() == 1);
  CHECK(told_by_both<false>() == 2);  // the evaluation may have some that its trainer has not
}
