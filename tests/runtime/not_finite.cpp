// SPDX-License-Identifier: Apache-2.0
// What is not finite is seen: inputs, weights, losses and gradients; and what a step that stops has changed.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"

namespace {

using namespace tenon::layers;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN(),
                infinite = std::numeric_limits<float>::infinity();

// A ReLU and a ReLU6 as part of convolutions: oneDNN's own make numbers of NaN.
inline constexpr auto net = conv2d<16, kernel<3>>{} >> relu{} >> conv2d<16>{} >> relu6{} >> conv2d<3>{};
using input = tenon::image<2, 3, 8, 8>;
template <class Backend>
using teacher = tenon::trainer<net, input, tenon::mean_square, tenon::sgd<tenon::momentum<0.9>>, Backend>;

inline constexpr auto linear_net = conv2d<4>{} >> conv2d<2>{};
using linear_teacher = tenon::trainer<linear_net, input, tenon::mean_square, tenon::sgd<tenon::momentum<0.9>>>;

struct tensors {
  std::vector<float> x = std::vector<float>(2 * 3 * 64), y = std::vector<float>(2 * 3 * 64);

  tensors() {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  }
  auto picture() const { return tenon::tensor_view<const float, 4>(x.data(), 2, 3, 8, 8); }
  auto target() const { return tenon::tensor_view<const float, 4>(y.data(), 2, 3, 8, 8); }
  auto narrow_target() const { return tenon::tensor_view<const float, 4>(y.data(), 2, 2, 8, 8); }
};

template <class Trainer>
std::vector<float> parameters_of(const Trainer& train) {
  std::vector<float> all;
  for (const auto& each : Trainer::parameter_list)
    for (const float value : train.parameter(each.name)) all.push_back(value);
  return all;
}

/// Replaces the values of a parameter.
template <class Parameters>
void set(Parameters of, std::string_view name, const std::vector<float>& values) {
  of.assign(name, tenon::parameter_view{values, of.parameter(name).extents});
}

/// Calls `step`, which must throw a numeric_error that names `name`; gives its sentence.
template <class Step>
std::string sentence_of(const std::string& name, const Step& step) {
  try {
    step();
  } catch (const tenon::numeric_error& error) {
    CHECK(error.name() == name);
    return error.what();
  }
  FAIL("no exception");
  return {};
}

template <class Backend>
void check_backend() {
  teacher<Backend> train{tenon::initialize(1), tenon::threads{1}};
  tensors data;
  train.step(data.picture(), data.target());
  const std::vector<float> before = parameters_of(train);
  for (const float bad : {not_a_number, infinite, -infinite}) {
    tensors wrong;
    wrong.x[70] = bad;
    const std::string found = std::isnan(bad) ? "nan" : bad > 0 ? "inf" : "-inf";
    CHECK(sentence_of("input 0", [&] { train.step(wrong.picture(), wrong.target()); }) ==
          "input 0 is not finite: " + found + " at position 70");
    tensors unwanted;
    unwanted.y[1] = bad;
    CHECK(sentence_of("target 0", [&] { train.step(unwanted.picture(), unwanted.target()); }) ==
          "target 0 is not finite: " + found + " at position 1");
    CHECK(parameters_of(train) == before);
    CHECK(train.execution().steps() == 1);
  }

  // A predictor passes on what PyTorch does: a NaN of a pixel reaches its neighbours and no others.
  tenon::predictor<net, input, Backend> live{train.parameters(), tenon::threads{1}};
  tensors wrong;
  wrong.x[64 + 3 * 8 + 4] = not_a_number;
  const auto outputs = live(wrong.picture());
  for (std::int64_t i = 0; i < outputs.size(); ++i) {
    const std::int64_t image = i / (3 * 64), h = i % 64 / 8, w = i % 8;
    const bool sees = image == 0 && std::abs(h - 3) <= 1 && std::abs(w - 4) <= 1;
    CHECK(std::isnan(outputs.data()[i]) == sees);
  }

  // A NaN among the weights makes the loss NaN, though ReLUs follow.
  for (const std::string name : {"0.weight", "2.bias"}) {
    std::vector<float> values(train.parameter(name).begin(), train.parameter(name).end()), right = values;
    values[5] = not_a_number;
    set(train.parameters(), name, values);
    CHECK(sentence_of("loss", [&] { train.step(data.picture(), data.target()); }) == "the loss is not finite: nan");
    set(train.parameters(), name, right);
  }
  CHECK(parameters_of(train) == before);
  CHECK(std::isfinite(train.step(data.picture(), data.target())));
}

}  // namespace

TEST_CASE("what is not finite is seen by oneDNN's convolutions") { check_backend<tenon::backend::onednn>(); }

TEST_CASE("what is not finite is seen by the reference") { check_backend<tenon::backend::reference>(); }

namespace {

inline constexpr auto normed_net = conv2d<4, no_bias>{} >> batch_norm{} >> relu{} >> conv2d<3>{};

/// Great numbers whose variance is none: their norm is 0, so that the loss and the gradients are finite.
template <class Backend>
void check_statistics() {
  tenon::trainer<normed_net, input, tenon::mean_square, tenon::sgd<tenon::momentum<0.9>>, Backend> train{
      tenon::initialize(1), tenon::threads{1}};
  const tensors data;
  train.step(data.picture(), data.target());
  const auto state = [&] {
    std::vector<float> all = parameters_of(train);
    for (const char* name : {"1.running_mean", "1.running_var"}) {
      for (const float each : train.parameter(name)) all.push_back(each);
    }
    return all;
  };
  const std::vector<float> before = state();
  tensors great;
  for (float& each : great.x) each *= 1e25F;
  CHECK_THAT(
      sentence_of("1.running_var", [&] { train.step(great.picture(), great.target()); }),
      Catch::StartsWith("the variance of the batch that \"1.running_var\" follows is not finite: inf at position "));
  CHECK(state() == before);
  CHECK(train.execution().steps() == 1);
  CHECK(std::isfinite(train.step(data.picture(), data.target())));
  CHECK(state() != before);
}

}  // namespace

TEST_CASE("running statistics never follow what is not finite") {
  check_statistics<tenon::backend::onednn>();
  check_statistics<tenon::backend::reference>();
}

TEST_CASE("a gradient that is not finite is not applied, and later ones neither") {
  linear_teacher train{tenon::initialize(1), tenon::threads{1}};
  tenon::predictor<linear_net, input> live{train.parameters(), tenon::threads{1}};
  // Inputs of 1e24, weights of 1e-7 and then 1: the loss is some 1e36, the gradient by the first weights 1e42.
  tensors data;
  const std::vector<float> small(12, 1e-7f), ones(8, 1.0f), zeros(4, 0.0f);
  tenon::parameters<linear_net> shared = train.parameters();
  set(shared, "0.weight", small);
  set(shared, "0.bias", zeros);
  set(shared, "1.weight", ones);
  tensors great = data;
  for (float& value : great.x) value *= 1e24f;
  live(data.picture());
  const std::string sentence =
      sentence_of("0.weight", [&] { train.step(great.picture(), great.narrow_target(), {.learning_rate = 0.1f}); });
  CHECK_THAT(sentence, Catch::StartsWith("the gradient of \"0.weight\" is not finite: "));
  const auto values = [&](const char* name) {
    return std::vector<float>(train.parameter(name).begin(), train.parameter(name).end());
  };
  CHECK(values("0.weight") == small);
  CHECK(values("1.weight") != ones);  // it was updated before
  for (const float value : parameters_of(train)) CHECK(std::isfinite(value));
  CHECK(train.execution().steps() == 1);
  // Whoever holds packed weights sees what was updated.
  const auto outputs = live(data.picture());
  tenon::predictor<linear_net, input> again{train.parameters(), tenon::threads{1}};
  const auto expected = again(data.picture());
  for (std::int64_t i = 0; i < outputs.size(); ++i) CHECK(outputs.data()[i] == expected.data()[i]);
  set(shared, "1.weight", ones);
  set(shared, "1.bias", std::vector<float>(2));
  CHECK(std::isfinite(train.step(data.picture(), data.narrow_target())));
}
