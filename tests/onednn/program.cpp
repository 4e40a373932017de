// SPDX-License-Identifier: Apache-2.0
// A program of several nodes: primitives and kernels together, ranges of nodes, changed weights, failures.
#include "tenon/backends/onednn/program.hpp"

#include <pthread.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "single_node.hpp"
#include "tenon/backends/reference/program.hpp"

namespace {

using namespace onednn_test;

constexpr char scope_text[] = "decoder.fine";

/// input -> convolution (stem, biased) -> relu -> transposed convolution (biased, relu) -> reorder -> contiguous
/// output.
struct small_network {
  std::vector<node> nodes;
  std::vector<value> values;
  std::vector<std::int32_t> operands;
  std::vector<placement> placements;
  std::vector<std::int64_t> packed;
  plan_view plan;

  explicit small_network(bool all_plain) {
    const std::int32_t x = add(operation::input, {}, shape(2, 3, 9, 7), layout::contiguous);
    const std::int32_t w = add(operation::parameter, {}, shape(19, 3, 3, 3), layout::contiguous);
    const std::int32_t b = add(operation::parameter, {}, shape(19), layout::contiguous);
    const std::int32_t v = add(operation::parameter, {}, shape(19, 5, 2, 2), layout::contiguous);
    const std::int32_t c = add(operation::parameter, {}, shape(5), layout::contiguous);
    const layout inner = all_plain ? layout::contiguous : layout::blocked;
    const std::int32_t first = add(operation::convolution, {x, w, b}, shape(2, 19, 9, 7), inner);
    nodes.back().attribute.kernel = {1, 3, 3};
    nodes.back().attribute.padding_begin = nodes.back().attribute.padding_end = {0, 1, 1};
    nodes.back().attribute.has_bias = true;
    const std::int32_t second = add(operation::activation, {first}, shape(2, 19, 9, 7), inner);
    nodes.back().attribute.fused = activation::relu;
    const std::int32_t third = add(operation::transposed_convolution, {second, v, c}, shape(2, 5, 18, 14), inner);
    nodes.back().attribute.kernel = nodes.back().attribute.stride = {1, 2, 2};
    nodes.back().attribute.has_bias = true;
    nodes.back().attribute.fused = activation::relu;
    add(operation::reorder, {third}, shape(2, 5, 18, 14), layout::contiguous);

    plan.graph.nodes = nodes;
    plan.graph.values = values;
    plan.graph.operands = operands;
    plan.graph.characters = std::span<const char>(scope_text, sizeof scope_text - 1);
    for (const value& each : values) {
      const bool is_parameter = nodes[static_cast<std::size_t>(each.producer)].op == operation::parameter;
      std::int64_t& end = is_parameter ? plan.parameter_bytes : plan.arena_bytes;
      const std::int64_t bytes = bytes_of(each.extents, each.type, each.arrangement);
      placements.push_back({is_parameter ? memory_space::parameter : memory_space::arena, end, bytes});
      end += round_up(bytes, is_parameter ? 4 : 64);
    }
    for (node& each : nodes) {
      each.computed_by = onednn::capabilities::select(plan.graph, each);
      const std::int64_t bytes = each.computed_by.packed_bytes;
      packed.push_back(bytes > 0 ? plan.packed_bytes : -1);
      plan.packed_bytes += bytes;
    }
    plan.placements = placements;
    plan.packed = packed;
  }

  std::int32_t add(operation op, const std::vector<std::int32_t>& from, const shape& extents, layout arrangement) {
    node made;
    made.op = op;
    made.operands = {static_cast<std::int32_t>(operands.size()), static_cast<std::int32_t>(from.size())};
    made.results = {static_cast<std::int32_t>(values.size()), 1};
    made.scope = {0, sizeof scope_text - 1};
    operands.insert(operands.end(), from.begin(), from.end());
    values.push_back({extents, element_type::float32, arrangement, static_cast<std::int32_t>(nodes.size())});
    nodes.push_back(made);
    return made.results[0];
  }
};

/// Memory of a plan, with the same values in its inputs and parameters for every seed.
struct filled_memory {
  aligned_bytes arena, parameters, packed, scratchpad;
  memory spaces;

  filled_memory(const plan_view& plan, std::size_t scratchpad_bytes)
      : arena(allocate(plan.arena_bytes)),
        parameters(allocate(plan.parameter_bytes)),
        packed(allocate(plan.packed_bytes)),
        scratchpad(allocate(static_cast<std::int64_t>(scratchpad_bytes))) {
    std::fill_n(reinterpret_cast<float*>(arena.get()), plan.arena_bytes / 4, 1e30F);
    spaces[memory_space::arena] = arena.get();
    spaces[memory_space::parameter] = parameters.get();
    spaces.packed = packed.get();
    spaces.scratchpad = scratchpad.get();
  }

  void fill(const plan_view& plan, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> any(-1.0F, 1.0F);
    for (std::int32_t i = 0; i < plan.graph.value_count(); ++i) {
      if (!is_source(plan.graph.node_at(plan.graph.value_at(i).producer).op)) continue;
      const operand to = operand_of(plan, i, spaces);
      for (std::int64_t e = 0; e < to.extents.elements(); ++e) to.as<float>()[e] = any(generator);
    }
  }
};

}  // namespace

TEST_CASE("a program of primitives and kernels equals the reference, in parts and after a change of weights") {
  const small_network exact(true), network(false);
  for (const int threads : {1, 2}) {
    reference::program<float> expected(exact.plan);
    onednn::program program(network.plan, threads);
    filled_memory expected_memory(exact.plan, 0), found_memory(network.plan, program.scratchpad_bytes());
    expected.bind(expected_memory.spaces);
    program.bind(found_memory.spaces);
    const std::int32_t count = network.plan.graph.node_count(), output = network.plan.graph.value_count() - 1;
    for (const unsigned seed : {1U, 2U}) {
      expected_memory.fill(exact.plan, seed);
      found_memory.fill(network.plan, seed);
      const int before = omp_get_max_threads();
      program.pack();
      program.run(0, 6, {});
      program.run(6, count, {});
      CHECK(omp_get_max_threads() == before);
      expected.run(0, count);
      const operand one = expected.operand_of(output), other = program.operand_of(output);
      double greatest = 0, difference = 0;
      for (std::int64_t i = 0; i < one.extents.elements(); ++i) {
        const double number = one.as<float>()[i];
        greatest = std::max(greatest, std::abs(number));
        const double apart = std::abs(number - other.as<float>()[i]);
        difference = apart <= difference ? difference : apart;
      }
      CHECK(greatest > 0.1);
      CHECK(difference / greatest <= 1e-5);
    }
  }
}

TEST_CASE("a program tells implementations and pointers") {
  const small_network network(false);
  onednn::program program(network.plan, 1);
  filled_memory memory(network.plan, program.scratchpad_bytes());
  program.bind(memory.spaces);
  CHECK(program.implementation_of(0).empty());
  CHECK_THAT(program.implementation_of(6), Catch::StartsWith("kernels:"));
  if (onednn::effective_isa() != kernels::isa::baseline) {
    CHECK_THAT(program.implementation_of(5), Catch::Contains("jit"));
    CHECK_THAT(program.implementation_of(7), Catch::Contains("jit"));
  }
  for (const std::int32_t number : {5, 6, 7, 8}) {
    int values = 0;
    program.for_each_pointer(number, [&](onednn::pointer_use use, std::int32_t of, const std::byte* pointer) {
      if (use != onednn::pointer_use::value) return;
      ++values;
      const placement& place = network.placements[static_cast<std::size_t>(of)];
      CHECK(pointer == memory.spaces[place.space] + place.offset);
    });
    CHECK(values == 2);
  }
}

namespace {

/// Takes what oneDNN has, be it slow.
std::unique_ptr<onednn::convolution_step> make_primitive(const plan_view& plan, std::int32_t number,
                                                         dnnl_engine_t engine, kernels::isa set,
                                                         const onednn::convolution_step*) {
  const node& of = plan.graph.node_at(number);
  const onednn::weight_extents extents = onednn::weight_extents_of(plan.graph, of);
  auto descriptor =
      onednn::convolution_description(engine, plan.graph, of, extents, kernels::block_of(set), "decoder").make();
  return std::make_unique<onednn::primitive_step>(plan, number, set, engine, std::move(descriptor), extents);
}

std::vector<std::string> told;

}  // namespace

TEST_CASE("who wants to know is told once of a plan's steps by reference code") {
  small_network network(false);
  // Windows that begin outside of a smaller image altogether.
  network.values[0].extents = shape(2, 3, 3, 1);
  network.nodes[5].attribute.padding_begin = network.nodes[5].attribute.padding_end = {0, 4, 4};
  const auto listener = [](const slow_steps& found) {
    told.push_back(std::string(found.operation) + " " + std::to_string(found.node) + " of " + std::string(found.layer) +
                   ", " + std::string(found.implementation));
    told.push_back(std::to_string(found.count));
  };
  const slow_steps_listener before = tell_slow_steps(listener);
  CHECK(before == &write_slow_steps);
  told.clear();
  const onednn::basic_program slow(network.plan, 1, {&kernels::execute<>, &make_primitive});
  CHECK(told.empty());
  CHECK(slow.tell_of_slow_steps());
  int expected = 0;
  for (const std::int32_t number : {5, 7}) expected += onednn::is_slow(slow.implementation_of(number)) ? 1 : 0;
  CHECK(told == std::vector<std::string>{"convolution 5 of decoder.fine, ref:any", std::to_string(expected)});

  told.clear();
  const onednn::program fast(network.plan, 1);
  CHECK(!fast.tell_of_slow_steps());
  CHECK(told.empty());
  CHECK(tell_slow_steps(nullptr) == static_cast<slow_steps_listener>(listener));
  told.clear();
  CHECK(slow.tell_of_slow_steps());
  CHECK(told.empty());
  tell_slow_steps(before);
}

TEST_CASE("the line of slow steps names what has no name, and what can be done") {
  const std::string line = slow_steps_line({"decoder.fine", "ref:any", 3, "convolution", 5});
  CHECK_THAT(line, Catch::StartsWith("tenon: convolution of 'decoder.fine' (node 5) and 2 more steps run by oneDNN's "
                                     "reference code (ref:any), "));
  CHECK_THAT(line, Catch::Contains("needs AVX2 (and that ONEDNN_MAX_CPU_ISA allows it); dynamic_predictor and "));
  CHECK_THAT(slow_steps_line({"", "ref:any", 2, "pooling", 7}), Catch::Contains("(node 7) and 1 more step run by"));
  CHECK_THAT(slow_steps_line({"", "ref:any", 1, "convolution_weight_gradient", 9}),
             Catch::StartsWith("tenon: convolution_weight_gradient (node 9) runs by oneDNN's reference code"));
}

TEST_CASE("oneDNN's reference code is known by its name") {
  for (const char* name : {"ref:any", "conv:any+ref:any", "ref_int8:any", "gemm:ref", "conv:any+gemm:ref",
                           "gemm_s8u8s32:ref", "simple:any"}) {
    INFO(name);
    CHECK(onednn::is_slow(name));
  }
  for (const char* name : {"jit:avx2", "jit:sse41", "x64:gemm:jit", "gemm:blas", "brgconv:avx512_core", "jit_1x1:avx2",
                           "conv:any+jit:avx2", "ref_fused_convolution:any", "kernels:baseline"}) {
    INFO(name);
    CHECK(!onednn::is_slow(name));
  }
}

TEST_CASE("a oneDNN that is too old is refused, with both versions") {
  const auto loaded = [](int major, int minor, int patch) { onednn::check_version(major, minor, patch); };
  CHECK_THROWS_AS(loaded(3, 1, 1), backend_error);
  CHECK_THROWS_WITH(loaded(3, 1, 1), Catch::StartsWith("oneDNN 3.1.1 was loaded, expected 3.2 or newer"));
  CHECK_THROWS_WITH(loaded(3, 1, 1), Catch::Contains("compiled with " + std::to_string(DNNL_VERSION_MAJOR) + "."));
  CHECK_THROWS_WITH(loaded(2, 7, 5), Catch::Contains("2.7.5"));
  CHECK_NOTHROW(loaded(3, 2, 0));
  CHECK_NOTHROW(loaded(3, 10, 0));
  CHECK_NOTHROW(loaded(4, 0, 0));
}

TEST_CASE("a failure names the node and what was planned") {
  small_network network(false);
  network.packed[5] = -1;
  try {
    const onednn::program program(network.plan, 1);
    FAIL("no exception");
  } catch (const backend_error& failure) {
    CHECK(failure.name() == scope_text);
    CHECK(failure.expected() == "0");
    CHECK_THAT(failure.what(), Catch::Contains(scope_text));
  }
  network.packed[5] = 0;
  network.nodes[5].attribute.stride = {1, 2, 2};  // which the result's shape contradicts
  CHECK_THROWS_AS(onednn::program(network.plan, 1), backend_error);
  try {
    const onednn::program program(network.plan, 1);
    FAIL("no exception");
  } catch (const backend_error& failure) {
    CHECK(failure.name() == scope_text);
    CHECK_THAT(failure.what(), Catch::Contains("dnnl_convolution_forward_primitive_desc_create"));
  }
}

TEST_CASE("a long program whose last node is refused is torn down on a small stack") {
  small_network network(false);
  std::int32_t x = network.plan.graph.value_count() - 1;
  for (int i = 0; i < 100000; ++i) x = network.add(operation::activation, {x}, shape(2, 5, 18, 14), layout::contiguous);
  network.add(operation::convolution_weight_gradient, {x, x}, shape(5, 5, 1, 1), layout::contiguous);
  network.placements.resize(network.values.size());
  network.packed.resize(network.nodes.size(), -1);
  network.plan.graph.nodes = network.nodes;
  network.plan.graph.values = network.values;
  network.plan.graph.operands = network.operands;
  network.plan.placements = network.placements;
  network.plan.packed = network.packed;
  struct attempt {
    const plan_view& plan;
    std::string found;
    static void* run(void* context) {
      auto& self = *static_cast<attempt*>(context);
      try {
        const onednn::inference_program program(self.plan, 1);
      } catch (const backend_error& failure) {
        self.found = failure.found();
      }
      return nullptr;
    }
  } made{network.plan, {}};
  pthread_attr_t how;
  REQUIRE(pthread_attr_init(&how) == 0);
  REQUIRE(pthread_attr_setstacksize(&how, 512 << 10) == 0);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, &how, attempt::run, &made) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&how);
  CHECK(made.found == "convolution_weight_gradient");
}
