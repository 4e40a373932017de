// SPDX-License-Identifier: Apache-2.0
// Frozen and shared parts of a trainer: what stays, what is counted, and what can be asked for.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/runtime/trainer.hpp"

namespace {
using namespace tenon::layers;

constexpr auto net = [](auto x) {
  x = name<"kept">(conv2d<6, kernel<3>, no_bias>{} >> batch_norm{} >> relu{})(x);
  auto norm = share<"norm">(batch_norm{});
  return name<"last">(conv2d<3>{})(norm(relu{}(norm(name<"trained">(conv2d<6, kernel<3>>{})(x)))));
};
inline constexpr auto tuned = frozen<"kept", running_statistics>(net);
using teacher =
    tenon::trainer<tuned, tenon::image<2, 3, 6, 5>, tenon::mean_square, tenon::adam<>, tenon::keep_gradients>;

constexpr std::int64_t trained_values = 6 * 6 * 9 + 6 + 2 * 6 + 6 * 3 + 3;
static_assert(teacher::parameter_count == trained_values + 6 * 3 * 9 + 2 * 6);
static_assert(teacher::optimizer_bytes == 2 * trained_values * 4);
static_assert(teacher::gradient_bytes == trained_values * 4);

std::int64_t batches(const tenon::safetensors_file& file, const std::string& norm) {
  const tenon::stored_tensor* counter = file.find(norm + ".num_batches_tracked");
  REQUIRE(counter != nullptr);
  std::int64_t count = 0;
  std::memcpy(&count, counter->data, sizeof(count));
  return count;
}

std::vector<float> values_of(const teacher& of, const char* name) {
  const tenon::parameter_view found = of.parameter(name);
  return {found.begin(), found.end()};
}
}  // namespace

TEST_CASE("what is frozen with its running statistics stays, and has no gradient that could be asked for") {
  std::vector<float> pictures(2 * 3 * 6 * 5), targets(2 * 3 * 6 * 5);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    pictures[i] = static_cast<float>(i % 7) - 3;
    targets[i] = static_cast<float>(i % 5);
  }
  const tenon::tensor_view<const float, 4> x(pictures, 2, 3, 6, 5), wanted(targets, 2, 3, 6, 5);
  const char* const kept[] = {"kept.0.weight", "kept.1.weight", "kept.1.bias", "kept.1.running_mean",
                              "kept.1.running_var"};
  const char* const moved[] = {"trained.weight", "norm.weight",       "norm.bias",       "last.weight",
                               "last.bias",      "norm.running_mean", "norm.running_var"};
  teacher t{tenon::initialize(3), tenon::threads{1}};
  std::vector<std::vector<float>> kept_before, moved_before;
  for (const char* name : kept) kept_before.push_back(values_of(t, name));
  for (const char* name : moved) moved_before.push_back(values_of(t, name));
  for (int i = 0; i < 3; ++i) t.step(x, wanted, {.learning_rate = 0.01f});
  for (std::size_t i = 0; i < std::size(kept); ++i) {
    INFO(kept[i]);
    CHECK(values_of(t, kept[i]) == kept_before[i]);
  }
  for (std::size_t i = 0; i < std::size(moved); ++i) {
    INFO(moved[i]);
    CHECK(values_of(t, moved[i]) != moved_before[i]);
  }

  const temporary_folder folder;
  t.save(folder.file("weights.safetensors"));
  const tenon::safetensors_file file(folder.file("weights.safetensors"));
  CHECK(batches(file, "kept.1") == 0);
  CHECK(batches(file, "norm") == 2 * 3);  // two calls a step, as PyTorch counts

  CHECK(t.gradient("trained.weight").extents == tenon::shape(6, 6, 3, 3));
  CHECK(t.gradient("last.bias").size() == 3);
  double sum = 0;
  for (const float each : t.gradient("last.bias")) sum += std::abs(static_cast<double>(each));
  CHECK(sum > 1e-4);
  try {
    t.gradient("kept.0.weight");
    FAIL("no exception");
  } catch (const tenon::weight_error& refused) {
    CHECK(refused.name() == "kept.0.weight");
    CHECK(std::string(refused.what()) == "the parameter \"kept.0.weight\" is frozen: it has no gradient");
  }
}
