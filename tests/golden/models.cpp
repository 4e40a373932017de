// SPDX-License-Identifier: Apache-2.0
// Predictors and trainers of whole U-Nets equal PyTorch's, from a state dict that PyTorch wrote.
#include <catch2/catch.hpp>
#include <cstring>

#include "golden/harness.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/models/unet.hpp"
#include "tenon/runtime/dynamic_trainer.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"

// Instantiated in harness.cpp.
extern template void tenon::reference::execute<float>(const tenon::graph_view&, const tenon::node&,
                                                      std::span<const tenon::operand>, std::span<const tenon::operand>,
                                                      const tenon::step_arguments&);

namespace {
using namespace tenon;
using namespace tenon::layers;

constexpr double allowed = 1e-4;

template <int Channels, int Stride = 1>
constexpr auto conv_norm_relu = conv2d<Channels, kernel<3>, stride<Stride>, no_bias>{} >> batch_norm{} >> relu{};

template <int Classes>
constexpr auto small_unet = [](auto image) {
  auto fine = name<"encoder.fine">(conv_norm_relu<32>)(image);
  auto coarse = name<"encoder.coarse">(conv_norm_relu<64, 2> >> conv_norm_relu<64>)(fine);
  auto joined = concat(resize_like(coarse, fine), fine);
  return name<"decoder">(conv_norm_relu<32> >> conv2d<Classes>{})(joined);
};

using picture = image<2, 3, 45, 61>;

template <class Backend>
using predictor_on = predictor<models::unet<5, 4>, picture, Backend>;
template <class Backend>
using trainer_on = trainer<models::unet<5, 4>, picture, cross_entropy<ignore<5>>,
                           sgd<momentum<0.9>, weight_decay<1e-3>>, Backend, keep_gradients>;
template <class Backend>
using dynamic_trainer_on = dynamic_trainer<models::unet<5, 4>, cross_entropy<ignore<5>>,
                                           sgd<momentum<0.9>, weight_decay<1e-3>>, Backend, keep_gradients>;

template <class T>
std::vector<T> stored(const safetensors_file& file, const std::string& name) {
  const stored_tensor* tensor = file.find("unet/" + name);
  INFO(name);
  REQUIRE(tensor != nullptr);
  std::vector<T> values(static_cast<std::size_t>(tensor->bytes) / sizeof(T));
  std::memcpy(values.data(), tensor->data, static_cast<std::size_t>(tensor->bytes));
  return values;
}

template <class Found>
void compare(const Found& found, const safetensors_file& file, const std::string& name) {
  const std::vector<float> expected = stored<float>(file, name);
  INFO(name);
  REQUIRE(static_cast<std::size_t>(found.size()) == expected.size());
  CHECK(golden::relative_difference({found.data(), expected.size()}, expected) <= allowed);
}

/// What PyTorch was given and what it found.
struct recorded_steps {
  safetensors_file file{golden::path_of("unet_steps")};
  std::vector<float> input = stored<float>(file, "input.0");
  std::vector<std::int32_t> labels = stored<std::int32_t>(file, "target.0");
  tensor_view<const float, 4> pictures{input, 2, 3, 45, 61};
  tensor_view<const std::int32_t, 3> classes{labels, 2, 45, 61};
};

/// Five steps of a trainer: losses, the first step's gradients, and what it has in the end.
template <class Trainer>
void check_steps(Trainer& teacher) {
  const recorded_steps given;
  const auto& [file, input, labels, pictures, classes] = given;
  const parameter_table table = teacher.execution().store()->table();
  const std::vector<float> losses = stored<float>(file, "losses");
  REQUIRE(losses.size() == 5);
  for (std::size_t step = 0; step < losses.size(); ++step) {
    const float loss = teacher.step(pictures, classes, {.learning_rate = stored<float>(file, "learning_rate").at(0)});
    INFO("step " << step);
    CHECK(loss == Approx(losses[step]).epsilon(allowed));
    if (step > 0) continue;
    for (const parameter_description& entry : table.parameters) {
      compare(teacher.gradient(entry.name), file, "gradient/" + std::string(entry.name));
    }
  }
  for (const parameter_description& entry : table.parameters) {
    compare(teacher.parameter(entry.name), file, "after/" + std::string(entry.name));
  }
  for (const parameter_description& entry : table.buffers) {
    compare(teacher.parameter(entry.name), file, "after/" + std::string(entry.name));
  }
}

template <class Backend>
void check_unet(int count) {
  INFO(Backend::capabilities::name << ", " << count << " threads");
  const recorded_steps given;
  predictor_on<Backend> net(load(golden::path_of("unet")), threads{count});
  compare(net(given.pictures), given.file, "output.0");
  trainer_on<Backend> teacher(load(golden::path_of("unet")), threads{count});
  check_steps(teacher);
  dynamic_trainer_on<Backend> dynamic{shape(2, 3, 45, 61), load(golden::path_of("unet")), threads{count}};
  check_steps(dynamic);
}
}  // namespace

TEST_CASE("a narrow U-Net of odd size equals PyTorch's on the reference backend") { check_unet<backend::reference>(1); }

TEST_CASE("a narrow U-Net of odd size equals PyTorch's on oneDNN with 1 and 2 threads") {
  check_unet<backend::onednn>(1);
  check_unet<backend::onednn>(2);
}

TEST_CASE("the small U-Net equals PyTorch's") {
  using rule = sgd<momentum<0.9>, weight_decay<1e-3>>;
  golden::check_all("models", {{"small_unet", golden::make<cross_entropy<ignore<11>>, rule>(small_unet<11>)}},
                    {allowed, allowed, allowed});
}
