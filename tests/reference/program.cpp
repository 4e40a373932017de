// SPDX-License-Identifier: Apache-2.0
// The reference program runs planned nodes in the memory it is bound to.
#include "tenon/backends/reference/program.hpp"

#include "harness.hpp"
#include "tenon/backends/reference/capabilities.hpp"

namespace {
using namespace harness;

/// x -> relu -> sum with x -> cross entropy with labels, planned by hand, each value in a place of its own.
struct small_plan {
  // In elements of the plan: 4 bytes each.
  static constexpr std::int64_t places[] = {0, 8, 12, 20, 28, 29};
  static constexpr int input = 0, target = 1, positive = 2, sum = 3, loss = 4;
  static constexpr std::int32_t loss_node = 4;

  std::vector<node> nodes;
  std::vector<value> values;
  std::vector<std::int32_t> operands;
  std::vector<placement> placements;
  plan_view plan;

  small_plan() {
    add(operation::input, {}, {shape(1, 2, 2, 2)});
    add(operation::target, {}, {shape(1, 2, 2)}, element_type::int32);
    add(operation::activation, {input}, {shape(1, 2, 2, 2)});
    nodes.back().attribute.fused = activation::relu;
    add(operation::add, {positive, input}, {shape(1, 2, 2, 2)});
    add(operation::cross_entropy, {sum, target}, {shape{}, shape{}});
    plan.graph.nodes = nodes;
    plan.graph.values = values;
    plan.graph.operands = operands;
    plan.placements = placements;
    plan.arena_bytes = 30 * 4;
  }
  small_plan(const small_plan&) = delete;
  small_plan& operator=(const small_plan&) = delete;

  void add(operation op, const std::vector<std::int32_t>& from, const std::vector<shape>& results,
           element_type type = element_type::float32) {
    node made;
    made.op = op;
    made.operands = {static_cast<std::int32_t>(operands.size()), static_cast<std::int32_t>(from.size())};
    made.results = {static_cast<std::int32_t>(values.size()), static_cast<std::int32_t>(results.size())};
    operands.insert(operands.end(), from.begin(), from.end());
    for (const shape& each : results) {
      placements.push_back({memory_space::arena, places[values.size()] * 4, each.elements() * 4});
      values.push_back({each, type, layout::contiguous, static_cast<std::int32_t>(nodes.size())});
    }
    nodes.push_back(made);
  }
};

template <class T>
void check_program() {
  const small_plan planned;
  reference::program<T> program(planned.plan, 1);
  CHECK(program.scratchpad_bytes() == 0);
  std::vector<T> arena(30, static_cast<T>(1e30));
  memory spaces;
  spaces[memory_space::arena] = reinterpret_cast<std::byte*>(arena.data());
  program.bind(spaces);
  program.pack();

  const operand x = program.operand_of(small_plan::input);
  REQUIRE(x.data == reinterpret_cast<std::byte*>(arena.data()));
  REQUIRE(program.operand_of(small_plan::sum).template as<T>() == arena.data() + 20);
  REQUIRE(program.operand_of(small_plan::loss).template as<T>() == arena.data() + 28);
  const double given[] = {1, -1, 0.5, -2, -3, 2, -0.25, 4};
  for (int i = 0; i < 8; ++i) x.as<T>()[i] = static_cast<T>(given[i]);
  const std::int32_t target[] = {0, 1, 1, 0};
  std::memcpy(program.operand_of(small_plan::target).data, target, sizeof target);

  // The loss has not run yet.
  program.run(0, small_plan::loss_node);
  const T* sum = program.operand_of(small_plan::sum).template as<T>();
  for (int i = 0; i < 8; ++i) CHECK(sum[i] == static_cast<T>(given[i] > 0 ? 2 * given[i] : given[i]));
  CHECK(arena[28] == static_cast<T>(1e30));

  program.run(small_plan::loss_node, small_plan::loss_node + 1);
  double expected = 0;
  for (int pixel = 0; pixel < 4; ++pixel) {
    const auto own = static_cast<double>(sum[pixel + 4 * target[pixel]]);
    const auto other = static_cast<double>(sum[pixel + 4 * (1 - target[pixel])]);
    expected += std::log(1 + std::exp(other - own)) / 4;
  }
  CHECK(static_cast<double>(arena[28]) == Approx(expected).epsilon(1e-6));
  CHECK(arena[29] == T{4});
}
}  // namespace

TEST_CASE("a program runs a range of nodes, in float and in double") {
  check_program<float>();
  check_program<double>();
}

TEST_CASE("a program can be bound again") {
  const small_plan planned;
  reference::program<float> program(planned.plan, 1);
  std::vector<float> arenas[2];
  for (auto& arena : arenas) {
    arena.assign(30, 0);
    memory spaces;
    spaces[memory_space::arena] = reinterpret_cast<std::byte*>(arena.data());
    program.bind(spaces);
    arena[3] = 5;
    program.run(0, small_plan::loss_node);
    CHECK(arena[23] == 10);
  }
  CHECK(arenas[0] == arenas[1]);
}

TEST_CASE("the reference backend's capabilities are constants") {
  using reference::capabilities;
  constexpr auto made = [](operation op) {
    node of;
    of.op = op;
    return of;
  };
  STATIC_REQUIRE(capabilities::name == "reference");
  STATIC_REQUIRE(!capabilities::folds_norm);
  STATIC_REQUIRE(!capabilities::fuses_activation(operation::convolution, activation::relu));
  STATIC_REQUIRE(capabilities::operand_layout({}, made(operation::convolution), 0) == layout::contiguous);
  STATIC_REQUIRE(capabilities::result_layout({}, made(operation::convolution), 0) == layout::contiguous);
  STATIC_REQUIRE(capabilities::select({}, made(operation::convolution)).packed_bytes == 0);
  STATIC_REQUIRE(capabilities::select({}, made(operation::convolution)).workspace_bytes == 0);
  STATIC_REQUIRE(capabilities::in_place({}, made(operation::add), 1));
  STATIC_REQUIRE(capabilities::in_place({}, made(operation::batch_norm), 0));
  STATIC_REQUIRE(!capabilities::in_place({}, made(operation::batch_norm), 1));
  STATIC_REQUIRE(!capabilities::in_place({}, made(operation::convolution), 0));
}
