// SPDX-License-Identifier: Apache-2.0
// Trainers within a memory budget take the steps that trainers without one take, bit for bit.
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "tenon/backends/reference/program.hpp"
#include "tenon/layers/layers.hpp"
#include "tenon/plan/searched_plan.hpp"
#include "tenon/runtime/dynamic_trainer.hpp"
#include "tenon/runtime/trainer.hpp"

using namespace tenon;
using namespace tenon::layers;

namespace {

template <int Channels>
constexpr auto block = conv2d<Channels, kernel<3>, no_bias>{} >> batch_norm{} >> relu{};

/// Norms with running statistics, dropout, a skip connection and a residual block.
inline constexpr auto net = [](auto picture) {
  auto fine = name<"fine">(block<16> >> block<16>)(picture);
  auto coarse = name<"coarse">(max_pool2d<kernel<2>>{} >> block<24> >> dropout<0.3>{})(fine);
  auto deep = relu{}(name<"residual">(block<24> >> conv2d<24, kernel<3>>{})(coarse) + coarse);
  auto joined = concat(resize_like(deep, fine), fine);
  return name<"head">(block<16> >> conv2d<3>{})(joined);
};

constexpr int height = 24, width = 40;
using picture_size = image<1, 3, height, width>;
using optimizer = adam<weight_decay<1e-3>>;

template <class... Options>
using teacher = trainer<net, picture_size, cross_entropy<>, optimizer, Options...>;
/// With room for everything, so that nothing runs again that takes work.
template <class Backend = backend::onednn>
using roomy = teacher<Backend, memory_budget<(1 << 30)>>;

struct batch {
  std::vector<float> picture = std::vector<float>(3 * height * width);
  std::vector<std::uint8_t> label = std::vector<std::uint8_t>(height * width);

  explicit batch(unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> any;
    for (float& each : picture) each = any(random);
    for (std::uint8_t& each : label) each = static_cast<std::uint8_t>(random() % 3);
  }
};

/// Three steps; then parameters and running statistics have the same bits.
template <class A, class B>
void check_same(A& one, B& other) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    const batch given(seed);
    const tensor_view<const float, 4> picture{given.picture, 1, 3, height, width};
    const tensor_view<const std::uint8_t, 3> label{given.label, 1, height, width};
    const float a = one.step(picture, label, {.learning_rate = 0.01f});
    const float b = other.step(picture, label, {.learning_rate = 0.01f});
    CHECK(a == b);
  }
  const parameter_table table = one.execution().store()->table();
  for (const auto& list : {table.parameters, table.buffers}) {
    for (const parameter_description& entry : list) {
      INFO(entry.name);
      const parameter_view a = one.parameter(entry.name), b = other.parameter(entry.name);
      CHECK(std::memcmp(a.data(), b.data(), a.values.size_bytes()) == 0);
    }
  }
}

template <class Backend, std::int64_t Bytes>
void check_budget_of() {
  INFO(Backend::capabilities::name << ", " << Bytes << " bytes");
  using free = roomy<Backend>;
  using bound = teacher<Backend, memory_budget<Bytes>>;
  STATIC_REQUIRE(bound::arena_bytes <= Bytes);
  STATIC_REQUIRE(bound::arena_bytes < free::arena_bytes);
  free one{initialize(7)};
  bound other{initialize(7)};
  check_same(one, other);
  dynamic_trainer<net, cross_entropy<>, optimizer, Backend, memory_budget<Bytes>> dynamic{shape(1, 3, height, width),
                                                                                          initialize(7)};
  CHECK(dynamic.arena_bytes() <= Bytes);
  CHECK(dynamic.macs() == free::macs + dynamic.recomputed_macs());
  CHECK(dynamic.recomputed_macs() <= bound::recomputed_macs);
  free third{initialize(7)};
  check_same(third, dynamic);
}

}  // namespace

TEST_CASE("a budget changes no bit of a step on oneDNN") {
  using free = roomy<>;
  check_budget_of<backend::onednn, free::arena_bytes * 9 / 10>();
  check_budget_of<backend::onednn, free::arena_bytes * 4 / 5>();
}

TEST_CASE("a budget changes no bit of a step on the reference backend") {
  using free = roomy<backend::reference>;
  check_budget_of<backend::reference, free::arena_bytes * 9 / 10>();
}

TEST_CASE("what runs again by default changes no bit of a step") {
  STATIC_REQUIRE(teacher<>::recomputed_macs > 0);
  STATIC_REQUIRE(roomy<>::recomputed_macs == 0);
  teacher<> one{initialize(7)};
  roomy<> other{initialize(7)};
  check_same(one, other);
}

TEST_CASE("a searched plan is what the search says it is") {
  using free = roomy<>;
  const searched_plan found =
      search_plan<net, picture_size, cross_entropy<>, optimizer>(free::arena_bytes * 4 / 5, 2000, 1);
  CHECK(found.arena_bytes <= free::arena_bytes * 4 / 5);
  CHECK(found.macs == free::macs + found.recomputed_macs);
  using quick = teacher<memory_budget<free::arena_bytes * 4 / 5>>;
  CHECK(found.recomputed_macs <= quick::recomputed_macs);
  CHECK(found.retentions.find_first_not_of("0123456789kro") == std::string::npos);
}

TEST_CASE("a dynamic trainer refuses a budget that cannot be met, before it takes memory") {
  using little = dynamic_trainer<net, cross_entropy<>, optimizer, memory_budget<30'000>>;
  try {
    little t{shape(1, 3, height, width), initialize(1)};
    FAIL("nothing was thrown");
  } catch (const allocation_error& problem) {
    CHECK(problem.name() == "memory_budget");
    CHECK(problem.expected() == "at most 30000 bytes (memory_budget)");
    CHECK_THAT(problem.what(), Catch::StartsWith("the least arena that was found for a training step takes "));
  }
}
