// SPDX-License-Identifier: Apache-2.0
// Checkpoints: training that was interrupted gives the bits of training that was not, and foreign files are refused.
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <random>
#include <vector>

#include "support/temporary_folder.hpp"
#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/runtime/dynamic_trainer.hpp"
#include "tenon/runtime/predictor.hpp"
#include "tenon/runtime/trainer.hpp"

using namespace tenon;
using namespace tenon::layers;

namespace {

inline constexpr auto net = conv2d<8, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> dropout<0.3>{} >> conv2d<3>{};
inline constexpr auto wider =
    conv2d<9, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> dropout<0.3>{} >> conv2d<3>{};
inline constexpr auto half = frozen<"0">(net);

constexpr int pixels = 9 * 7;

struct batch {
  std::vector<float> picture = std::vector<float>(2 * 3 * pixels);
  std::vector<std::uint8_t> label = std::vector<std::uint8_t>(2 * pixels);

  explicit batch(unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> any;
    for (float& each : picture) each = any(random);
    for (std::uint8_t& each : label) each = static_cast<std::uint8_t>(random() % 3);
  }
};

template <class Trainer>
float step(Trainer& t, unsigned number) {
  const batch data(number);
  return t.step(tensor_view<const float, 4>(data.picture.data(), 2, 3, 9, 7),
                tensor_view<const std::uint8_t, 3>(data.label.data(), 2, 9, 7), {.learning_rate = 0.03f});
}

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  for (const auto& list : {a.execution().store()->table().parameters, a.execution().store()->table().buffers}) {
    for (const parameter_description& entry : list) {
      const parameter_view one = a.parameter(entry.name), other = b.parameter(entry.name);
      if (std::memcmp(one.data(), other.data(), one.values.size_bytes()) != 0) return false;
    }
  }
  return true;
}

template <const auto& Net, class... Options>
using teacher = trainer<Net, image<2, 3, 9, 7>, cross_entropy<>, Options...>;

/// A checkpoint as the library wrote it before networks were described in it.
void forget_network(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t begin = bytes.find("\"network\":\""), end = bytes.find("\",\"", begin);
  REQUIRE(end != std::string::npos);
  for (const std::string key : {"\"network\"", "\"input_extents\""}) {
    const std::size_t at = bytes.find(key);
    REQUIRE(at != std::string::npos);
    bytes[at + 1] = '_';
  }
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Interrupts after each of the first steps, and goes on in a trainer that began elsewhere.
template <class Trainer>
void goes_on(const std::string& path) {
  for (unsigned interrupted = 0; interrupted < 4; ++interrupted) {
    INFO("after " << interrupted << " steps");
    Trainer whole{initialize(1)}, other{initialize(2)};
    for (unsigned i = 0; i < interrupted; ++i) step(whole, i);
    step(other, 9);
    whole.save_checkpoint(path);
    other.load_checkpoint(path);
    CHECK(same_bits(whole, other));
    for (unsigned i = interrupted; i < 7; ++i) CHECK(step(whole, i) == step(other, i));
    CHECK(same_bits(whole, other));
  }
}

/// What load_checkpoint says of a file.
template <class Error, class Trainer>
std::string refusal(Trainer& t, const std::string& path) {
  std::vector<float> before(t.parameter("0.weight").begin(), t.parameter("0.weight").end());
  try {
    t.load_checkpoint(path);
  } catch (const Error& error) {
    CHECK(std::equal(before.begin(), before.end(), t.parameter("0.weight").begin()));
    return error.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("training goes on from a checkpoint with the same bits") {
  const temporary_folder folder;
  const std::string path = folder.file("run.safetensors");
  goes_on<teacher<net, sgd<>>>(path);
  goes_on<teacher<net, sgd<momentum<0.9>, nesterov, weight_decay<1e-3>>>>(path);
  goes_on<teacher<net, adam<>>>(path);
  goes_on<teacher<net, adamw<>, clip_norm<0.5>>>(path);
  goes_on<teacher<half, adam<>>>(path);
  goes_on<teacher<net, sgd<momentum<0.9>>, accumulate<3>>>(path);
  goes_on<teacher<net, adam<>, backend::reference>>(path);
}

TEST_CASE("a checkpoint is a weights file too") {
  const temporary_folder folder;
  const std::string path = folder.file("run.safetensors");
  teacher<net, adam<>> t{initialize(1)};
  for (unsigned i = 0; i < 2; ++i) step(t, i);
  t.save_checkpoint(path);
  predictor<net, image<2, 3, 9, 7>> live{t.parameters()}, loaded{load(path)};
  const batch data(3);
  const tensor_view<const float, 4> picture(data.picture.data(), 2, 3, 9, 7);
  const auto one = live(picture), other = loaded(picture);
  CHECK(std::equal(one.begin(), one.end(), other.begin()));
}

namespace {

template <real Rate, class Last>
inline constexpr auto varied =
    conv2d<8, kernel<3>, no_bias>{} >> batch_norm{} >> Last{} >> dropout<Rate>{} >> conv2d<3>{};
inline constexpr auto faster = learning_rate_factor<10, "0">(net);
inline constexpr auto rarer = varied<0.5, relu>;
inline constexpr auto leaky = varied<0.3, leaky_relu<0.1>>;
inline constexpr auto shorter = conv2d<8, kernel<3>, no_bias>{} >> batch_norm{} >> relu{} >> name<"4">(conv2d<3>{});
inline constexpr auto strided =
    conv2d<8, kernel<3>, no_bias, dilation<2>>{} >> batch_norm{} >> relu{} >> dropout<0.3>{} >> conv2d<3>{};
inline constexpr auto branched = [](auto x) {
  return conv2d<3>{}(add(relu{}(conv2d<8, kernel<3>>{}(x)), leaky_relu<0.5>{}(conv2d<8>{}(x))));
};
inline constexpr auto resized = [](auto x) { return resize_like(conv2d<3, stride<2>>{}(x), x); };
inline constexpr auto nearest_resized = [](auto x) { return resize_like<nearest<>>(conv2d<3, stride<2>>{}(x), x); };

}  // namespace

TEST_CASE("a checkpoint of a network with the same tensors is refused by the layer or option that differs") {
  const temporary_folder folder;
  const std::string path = folder.file("run.safetensors");
  teacher<net, sgd<>> t{initialize(1)};
  step(t, 0);
  t.save_checkpoint(path);
  const auto says = [&](auto&& other, const char* text) {
    CHECK_THAT(refusal<weight_error>(other, path),
               Catch::EndsWith(std::string("a checkpoint of another trainer: ") + text));
  };
  const initialization start(1);
  says(teacher<half, sgd<>>{start}, "0.weight: frozen expected, trained found");
  says(teacher<faster, sgd<>>{start}, "0.weight: trained, learning_rate_factor 10 expected, trained found");
  says(teacher<rarer, sgd<>>{start}, "3: dropout, rate 0.5 expected, dropout, rate 0.3 found");
  says(teacher<leaky, sgd<>>{start}, "2: activation, leaky_relu, slope 0.1 expected, activation, relu found");
  says(teacher<shorter, sgd<>>{start}, "4.weight: trained expected, dropout, rate 0.3 found");
  says(teacher<strided, sgd<>>{start},
       "0: convolution, kernel 1 3 3, dilation 1 2 2, padding 0 2 2 expected, convolution, kernel 1 3 3, "
       "padding 0 1 1 found");
  using with_ignored = trainer<net, image<2, 3, 9, 7>, cross_entropy<ignore<2>>, sgd<>>;
  says(with_ignored{start}, "loss: cross_entropy, ignored 2 expected, cross_entropy found");
  using with_weights = trainer<net, image<2, 3, 9, 7>, cross_entropy<class_weights<1, 2, 0.5>>, sgd<>>;
  says(with_weights{start}, "loss: cross_entropy, class weights 1 2 0.5 expected, cross_entropy found");
  using with_square = trainer<net, image<2, 3, 9, 7>, mean_square, sgd<>>;
  says(with_square{start}, "loss: mean_square expected, cross_entropy found");

  // Another backend, another batch, sizes known while running: the same network.
  teacher<net, sgd<>, backend::reference> by_reference{start};
  by_reference.load_checkpoint(path);
  trainer<net, image<3, 3, 12, 16>, cross_entropy<>, sgd<>> greater{start};
  greater.load_checkpoint(path);
  CHECK(same_bits(t, greater));
  dynamic_trainer<net, cross_entropy<>, sgd<>> dynamic{shape(1, 3, 20, 20), start};
  dynamic.load_checkpoint(path);
  CHECK(same_bits(t, dynamic));
  dynamic.save_checkpoint(path);
  t.load_checkpoint(path);
  // Code that runs may make the calls of a sum from right to left.
  teacher<branched, sgd<>> fixed{start};
  fixed.save_checkpoint(path);
  dynamic_trainer<branched, cross_entropy<>, sgd<>> moving{shape(2, 3, 9, 7), initialize(2)};
  moving.load_checkpoint(path);
  CHECK(same_bits(fixed, moving));
}

TEST_CASE("what a resize does is told apart, and whether there is one follows from the size") {
  const temporary_folder folder;
  const std::string path = folder.file("run.safetensors");
  teacher<resized, sgd<>> t{initialize(1)};
  t.save_checkpoint(path);
  teacher<nearest_resized, sgd<>> other{initialize(1)};
  CHECK_THROWS_WITH(other.load_checkpoint(path), Catch::EndsWith("resize, nearest expected, resize, linear found"));
  trainer<resized, image<1, 3, 1, 1>, cross_entropy<>, sgd<>> without{initialize(1)};
  CHECK_NOTHROW(without.load_checkpoint(path));
}

TEST_CASE("a checkpoint that does not describe its network, as the first did, is loaded, and tensors are named") {
  const temporary_folder folder;
  const std::string path = folder.file("run.safetensors");
  teacher<net, sgd<momentum<0.9>>> t{initialize(1)}, same{initialize(2)};
  step(t, 0);
  t.save_checkpoint(path);
  forget_network(path);
  same.load_checkpoint(path);
  CHECK(same_bits(t, same));
  teacher<half, sgd<momentum<0.9>>> fixed{initialize(1)};
  CHECK_THAT(refusal<weight_error>(fixed, path),
             Catch::EndsWith("optimizer:0.weight:momentum_buffer: none expected, F32 (8, 3, 3, 3) found"));
  teacher<half, sgd<momentum<0.9>>> began{initialize(1)};
  began.save_checkpoint(path);
  forget_network(path);
  CHECK_THAT(refusal<weight_error>(t, path),
             Catch::EndsWith("optimizer:0.weight:momentum_buffer: F32 (8, 3, 3, 3) expected, none found"));
}

TEST_CASE("a checkpoint of something else is refused, with the first difference, and nothing changes") {
  const temporary_folder folder;
  const std::string path = folder.file("run.safetensors"), weights = folder.file("weights.safetensors");
  using momentary = teacher<net, sgd<momentum<0.9>>>;
  momentary t{initialize(1)};
  step(t, 0);
  t.save_checkpoint(path);
  t.save(weights);
  CHECK(refusal<format_error>(t, weights).find("no checkpoint, but weights alone: load() reads those") !=
        std::string::npos);
  CHECK_THROWS_AS(t.load_checkpoint(folder.file("none.safetensors")), file_error);

  teacher<net, adam<>> adaptive{initialize(1)};
  CHECK(refusal<weight_error>(adaptive, path).find("optimizer: adam expected, sgd found") != std::string::npos);
  teacher<net, sgd<momentum<0.8>>> slower{initialize(1)};
  CHECK(refusal<weight_error>(slower, path).find("optimizer.momentum: 0.8 expected, 0.9 found") != std::string::npos);
  teacher<net, sgd<momentum<0.9>>, clip_norm<1>> clipped{initialize(1)};
  CHECK(refusal<weight_error>(clipped, path).find("clip_norm: 1 expected, 0 found") != std::string::npos);
  teacher<net, sgd<momentum<0.9>>, accumulate<2>> summed{initialize(1)};
  CHECK(refusal<weight_error>(summed, path).find("accumulate: 2 expected, 1 found") != std::string::npos);
  teacher<wider, sgd<momentum<0.9>>> other{initialize(1)};
  CHECK(refusal<weight_error>(other, path).find("0.weight") != std::string::npos);
  teacher<half, sgd<momentum<0.9>>> fixed{initialize(1)};
  CHECK(refusal<weight_error>(fixed, path).find("0.weight: frozen expected, trained found") != std::string::npos);

  // A later version, and a file that was cut off.
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string key = "\"tenon_checkpoint\":\"1\"";
  const std::size_t at = bytes.find(key);
  REQUIRE(at != std::string::npos);
  std::string later = bytes;
  later[at + key.size() - 2] = '7';
  std::ofstream(path, std::ios::binary) << later;
  CHECK_THAT(refusal<format_error>(t, path), Catch::EndsWith("a checkpoint of version '7', expected 1"));
  // The momentum of a weight that is transposed: as many values, of another shape.
  const std::size_t momentum = bytes.find("0.weight:momentum_buffer\""), shape_at = bytes.find("[8,3,3,3]", momentum);
  REQUIRE(shape_at != std::string::npos);
  std::string transposed = bytes;
  transposed.replace(shape_at, 9, "[3,8,3,3]");
  std::ofstream(path, std::ios::binary) << transposed;
  CHECK(refusal<weight_error>(t, path).find("0.weight:momentum_buffer: F32 (8, 3, 3, 3) expected, F32 (3, 8, 3, 3)") !=
        std::string::npos);
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() - 5);
  CHECK(refusal<format_error>(t, path) != "nothing");
}
