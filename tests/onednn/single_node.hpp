// SPDX-License-Identifier: Apache-2.0
// A plan of one node, run by the oneDNN backend and by the reference in double.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tenon/backends/onednn/onednn.hpp"
#include "tenon/backends/reference/execute.hpp"

namespace onednn_test {

using namespace tenon;

struct free_deleter {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using aligned_bytes = std::unique_ptr<std::byte[], free_deleter>;

inline aligned_bytes allocate(std::int64_t bytes) {
  return aligned_bytes(
      static_cast<std::byte*>(std::aligned_alloc(64, static_cast<std::size_t>(round_up(bytes + 64, 64)))));
}

/// Element (n, c, s) of a blocked activation, s counting [D,] H, W.
inline std::size_t blocked_index(const shape& extents, int block, std::int64_t n, std::int64_t c, std::int64_t s) {
  const std::int64_t blocks = (extents.channels() + block - 1) / block;
  return static_cast<std::size_t>(((n * blocks + c / block) * extents.spatial_elements() + s) * block + c % block);
}

/// Sources, then one node, each value 64 bytes aligned in the arena.
class single_node {
 public:
  single_node(operation op, const attributes& attribute) {
    main_.op = op;
    main_.attribute = attribute;
  }

  /// Adds an operand; it is arranged as the backend wants it, or contiguous.
  void operand(const shape& extents, operation source, bool positive = false) {
    node producer;
    producer.op = source;
    producer.results = {static_cast<std::int32_t>(values_.size()), 1};
    values_.push_back({extents, element_type::float32, layout::blocked, static_cast<std::int32_t>(nodes_.size())});
    nodes_.push_back(producer);
    positive_.push_back(positive);
  }
  void contiguous_operand(const shape& extents, operation source, bool positive = false) {
    operand(extents, source, positive);
    values_.back().arrangement = layout::contiguous;
  }
  /// Operand i stands behind the others once more.
  void again(std::int32_t i) { repeated_ = i; }
  /// Element `at` of operand i is this value, not a random one; padding channels may then be NaN.
  void put(int i, std::size_t at, double value) { put_.push_back({static_cast<std::size_t>(i), at, value}); }
  int last_operand() const { return static_cast<int>(values_.size()) - 1; }
  void result(const shape& extents) { results_.push_back(extents); }
  /// The first result lies where operand i lies.
  void overwrite(int i) { overwritten_ = i; }

  std::string implementation;

  /// Whether has_fast_primitive says that oneDNN has fast code for a node that no kernel of ours computes anyway; then
  /// requires that it has. A promise for AVX-512 is one where that is there.
  bool check_promise(dnnl_engine_t engine) {
    finish();
    const graph_view graph = view();
    const node& of = nodes_.back();
    const bool with_avx512 = onednn::effective_isa() == kernels::isa::avx512;
    if (needs_kernels(graph, of) && !(with_avx512 && onednn::algorithm_of(of) == onednn::algorithm::checked_primitive &&
                                      onednn::has_fast_primitive(graph, of, true)))
      return false;
    const auto is_blocked = [&](std::int32_t number) { return graph.value_at(number).arrangement == layout::blocked; };
    const onednn::convolution_values on = onednn::convolution_values_of(graph, of);
    const int block = kernels::block_of(onednn::effective_isa());
    const onednn::weight_extents extents = onednn::whole_blocks(onednn::weight_extents_of(graph, of), block,
                                                                is_blocked(on.source), is_blocked(on.destination));
    const onednn::primitive_descriptor descriptor =
        onednn::convolution_description(engine, graph, of, extents, block, "").make();
    implementation = onednn::implementation_of(descriptor, "");
    CHECK(!onednn::is_slow(implementation));
    return true;
  }

  /// What oneDNN chooses for a node: how its weights lie, and whether the code is slow.
  struct choice {
    onednn::memory_descriptor weights;
    bool is_slow = false;
  };
  /// Finds it for a node that packs weights for oneDNN and has usual windows; without weights for another one.
  choice find_choice(dnnl_engine_t engine) {
    choice found;
    finish();
    plan_view plan;
    plan.graph = view();
    const node& of = nodes_.back();
    const onednn::algorithm by = onednn::algorithm_of(of);
    if (by != onednn::algorithm::primitive && by != onednn::algorithm::checked_primitive) return found;
    if (of.computed_by.packed_bytes == 0 || !onednn::has_usual_windows(plan.graph, of)) return found;
    const onednn::node_describer describer{plan, engine, kernels::block_of(onednn::effective_isa())};
    const std::int32_t number = plan.graph.node_count() - 1;
    const onednn::primitive_descriptor made = describer.describe(number);
    REQUIRE(dnnl_memory_desc_clone(found.weights.put(), onednn::weights_of(made)) == dnnl_success);
    found.is_slow = describer.is_slow(number, made);
    return found;
  }

  /// Runs both backends and holds every result against the reference, padding against zero, pointers against the plan.
  void compare(int threads, double tolerance = 1e-5) {
    const std::int32_t operand_count = finish();
    const graph_view graph = view();
    const node& of = nodes_.back();
    for (int i = 0; i < of.operands.count; ++i)
      REQUIRE(onednn::capabilities::operand_layout(graph, of, i) == graph.operand_value(of, i).arrangement);

    std::vector<placement> placements;
    std::int64_t arena_bytes = 0;
    for (const value& each : values_) {
      const std::int64_t bytes = each.type == element_type::byte ? each.extents.elements()
                                                                 : bytes_of(each.extents, each.type, each.arrangement);
      placements.push_back({memory_space::arena, arena_bytes, bytes});
      arena_bytes += round_up(bytes, 64);
    }
    if (overwritten_ >= 0) {
      REQUIRE(onednn::capabilities::in_place(graph, of, overwritten_));
      placements[static_cast<std::size_t>(operand_count)].offset =
          placements[static_cast<std::size_t>(overwritten_)].offset;
    }
    std::vector<std::int64_t> packed(nodes_.size(), -1);
    const std::int64_t packed_bytes = of.computed_by.packed_bytes;
    if (packed_bytes > 0) packed.back() = 0;
    plan_view plan;
    plan.graph = graph;
    plan.placements = placements;
    plan.packed = packed;
    plan.arena_bytes = arena_bytes;
    plan.packed_bytes = packed_bytes;

    onednn::program program(plan, threads);
    implementation = program.implementation_of(graph.node_count() - 1);
    // Programs carry kernels of ours only for what needs_of finds.
    if (implementation.starts_with("kernels:") && onednn::effective_isa() != kernels::isa::baseline)
      CHECK(needs_kernels(graph, of));
    const aligned_bytes arena = allocate(arena_bytes), weights = allocate(packed_bytes),
                        scratchpad = allocate(static_cast<std::int64_t>(program.scratchpad_bytes()));
    std::fill_n(reinterpret_cast<float*>(arena.get()), arena_bytes / 4, 1e30F);
    std::fill_n(reinterpret_cast<float*>(weights.get()), packed_bytes / 4 + 16, 1e30F);
    // Nothing may depend on what the scratchpad holds.
    std::fill_n(scratchpad.get(), program.scratchpad_bytes(), std::byte{0xff});
    memory memory;
    memory[memory_space::arena] = arena.get();
    memory.packed = weights.get();
    memory.scratchpad = scratchpad.get();

    std::vector<std::vector<double>> exact;
    std::vector<tenon::operand> exact_tensors;
    std::mt19937 generator(7);
    std::uniform_real_distribution<float> any(-1.0F, 1.0F), positive(0.25F, 2.0F);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const value& each = values_[i];
      std::vector<double> numbers(static_cast<std::size_t>(each.extents.elements()));
      if (static_cast<std::int32_t>(i) < operand_count)
        for (double& number : numbers) number = positive_[i] ? positive(generator) : any(generator);
      exact.push_back(std::move(numbers));
    }
    for (const auto& [operand, at, value] : put_) exact[operand].at(at) = value;
    for (std::size_t i = 0; i < values_.size(); ++i)
      exact_tensors.push_back(
          {reinterpret_cast<std::byte*>(exact[i].data()), values_[i].extents, values_[i].type, layout::contiguous});

    program.bind(memory);
    check_pointers(program, plan, memory);
    for (int repetition = 0; repetition < 2; ++repetition) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(operand_count); ++i)
        store(exact[i], values_[i], reinterpret_cast<float*>(arena.get() + placements[i].offset), program.block());
      program.pack();
      program.run(0, graph.node_count());
      const std::span<const tenon::operand> tensors = exact_tensors;
      const auto count = static_cast<std::size_t>(operand_count);
      std::vector<tenon::operand> read(tensors.begin(), tensors.begin() + operand_count);
      if (repeated_ >= 0) read.push_back(tensors[static_cast<std::size_t>(repeated_)]);
      reference::execute<double>(graph, of, read, tensors.subspan(count), step_arguments{});
      for (std::size_t i = count; i < count + results_.size(); ++i)
        check_result(exact[i], program.operand_of(static_cast<std::int32_t>(i)), program.block(), tolerance);
    }
    for (std::size_t i = 0; i < 16; ++i)
      REQUIRE(reinterpret_cast<float*>(weights.get())[static_cast<std::size_t>(packed_bytes / 4) + i] == 1e30F);
  }

 private:
  static bool needs_kernels(const graph_view& graph, const node& of) {
    onednn::needs found;
    found.add(graph, of);
    return found.narrow_convolutions || found.row_convolutions || found.depthwise_convolutions ||
           found.slow_convolutions || found.slow_weight_gradients;
  }

  /// Adds the node and its results; returns the number of operands.
  std::int32_t finish() {
    const auto operand_count = static_cast<std::int32_t>(values_.size());
    const auto number = static_cast<std::int32_t>(nodes_.size());
    for (std::int32_t i = 0; i < operand_count; ++i) operands_.push_back(i);
    if (repeated_ >= 0) operands_.push_back(repeated_);
    main_.operands = {0, static_cast<std::int32_t>(operands_.size())};
    main_.results = {operand_count, static_cast<std::int32_t>(results_.size())};
    for (const shape& extents : results_)
      values_.push_back({extents, element_type::float32, layout::contiguous, number});
    nodes_.push_back(main_);
    for (int i = 0; i < main_.results.count; ++i)
      values_[static_cast<std::size_t>(main_.results[i])].arrangement =
          onednn::capabilities::result_layout(view(), main_, i);
    nodes_.back().computed_by = onednn::capabilities::select(view(), nodes_.back());
    const std::int64_t bytes = nodes_.back().computed_by.workspace_bytes;
    if (bytes > 0) {
      ++nodes_.back().results.count;
      nodes_.back().attribute.has_workspace = true;
      values_.push_back({shape(bytes), element_type::byte, layout::contiguous, number});
    }
    return operand_count;
  }

  graph_view view() const {
    graph_view graph;
    graph.nodes = nodes_;
    graph.values = values_;
    graph.operands = operands_;
    return graph;
  }

  static void store(const std::vector<double>& numbers, const value& as, float* to, int block) {
    if (as.arrangement == layout::contiguous) {
      for (std::size_t i = 0; i < numbers.size(); ++i) to[i] = static_cast<float>(numbers[i]);
      return;
    }
    const shape& extents = as.extents;
    std::size_t i = 0;
    const std::int64_t padded = round_up(extents.channels(), block);
    std::fill_n(to, extents.batch() * padded * extents.spatial_elements(), 0.0F);
    for (std::int64_t n = 0; n < extents.batch(); ++n)
      for (std::int64_t c = 0; c < extents.channels(); ++c)
        for (std::int64_t s = 0; s < extents.spatial_elements(); ++s)
          to[blocked_index(extents, block, n, c, s)] = static_cast<float>(numbers[i++]);
  }

  void check_result(const std::vector<double>& expected, const tenon::operand& found, int block,
                    double tolerance) const {
    double greatest = 1e-30, difference = 0;
    for (const double number : expected)
      if (std::isfinite(number)) greatest = std::max(greatest, std::abs(number));
    const auto* numbers = found.as<const float>();
    const auto compare = [&](std::size_t i, double expected_number) {
      if (!std::isfinite(expected_number)) {
        CHECK(std::isnan(numbers[i]) == std::isnan(expected_number));
        if (!std::isnan(expected_number)) CHECK(static_cast<double>(numbers[i]) == expected_number);
        return;
      }
      const double apart = std::abs(numbers[i] - expected_number);
      difference = apart <= difference ? difference : apart;  // keeps a NaN
    };
    if (found.arrangement == layout::contiguous) {
      for (std::size_t i = 0; i < expected.size(); ++i) compare(i, expected[i]);
    } else {
      const shape& extents = found.extents;
      std::size_t i = 0;
      bool padding_is_zero = true;
      for (std::int64_t n = 0; n < extents.batch(); ++n)
        for (std::int64_t c = 0; c < round_up(extents.channels(), block); ++c)
          for (std::int64_t s = 0; s < extents.spatial_elements(); ++s) {
            const std::size_t at = blocked_index(extents, block, n, c, s);
            if (c < extents.channels())
              compare(at, expected[i++]);
            else
              padding_is_zero = padding_is_zero && numbers[at] == 0.0F;
          }
      if (put_.empty()) CHECK(padding_is_zero);
    }
    CHECK(difference / greatest <= tolerance);
  }

  void check_pointers(const onednn::program& program, const plan_view& plan, const memory& memory) {
    int seen = 0;
    program.for_each_pointer(plan.graph.node_count() - 1,
                             [&](onednn::pointer_use use, std::int32_t number, const std::byte* pointer) {
                               ++seen;
                               if (use == onednn::pointer_use::packed) {
                                 CHECK(pointer >= memory.packed);
                                 CHECK(pointer < memory.packed + plan.packed_bytes);
                               } else if (use == onednn::pointer_use::scratchpad) {
                                 CHECK(pointer == memory.scratchpad);
                               } else {
                                 const placement& place = plan.placements[static_cast<std::size_t>(number)];
                                 const std::byte* start = memory[place.space] + place.offset;
                                 CHECK(pointer >= start);
                                 CHECK(pointer < start + place.bytes);
                                 if (plan.graph.value_at(number).type != element_type::byte) CHECK(pointer == start);
                               }
                             });
    CHECK(seen >= 2);
  }

  std::vector<node> nodes_;
  std::vector<value> values_;
  std::vector<bool> positive_;
  std::vector<std::int32_t> operands_;
  std::vector<shape> results_;
  node main_;
  int overwritten_ = -1;
  std::int32_t repeated_ = -1;
  struct put_value {
    std::size_t operand, at;
    double value;
  };
  std::vector<put_value> put_;
};

}  // namespace onednn_test
