// SPDX-License-Identifier: Apache-2.0
// Runs a plan node by node in memory of its own, and can poison what is dead.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "support/compiled.hpp"
#include "tenon/backends/operand.hpp"

namespace tenon_test {

/// The same plan with packed weights for every node by itself.
inline compiled_graph packed_apart(compiled_graph compiled) {
  std::int64_t end = 0;
  for (std::size_t i = 0; i < compiled.plan.packed.size(); ++i) {
    if (compiled.plan.packed[i] < 0) continue;
    compiled.plan.packed[i] = end;
    end += tenon::round_up(compiled.graph.nodes[i].computed_by.packed_bytes, 64);
  }
  compiled.plan.sizes.packed_bytes = end;
  return compiled;
}

/// The same plan with every value at an offset of its own, and every node's packed weights: nothing shares memory.
inline compiled_graph unshared(compiled_graph compiled) {
  std::int64_t end = 0;
  for (tenon::placement& place : compiled.plan.placements) {
    if (place.space != tenon::memory_space::arena) continue;
    place.offset = end;
    end += tenon::round_up(place.bytes, 64);
  }
  compiled.plan.sizes.arena_bytes = end;
  return packed_apart(std::move(compiled));
}

/// What a program stores for an element of 4 bytes: itself, or 8 bytes in a program of double.
template <class Program>
constexpr int scale_of() {
  if constexpr (requires { Program::scale; }) {
    return Program::scale;
  } else {
    return 1;
  }
}

/// A plan with memory, a backend's program, and random parameters, inputs and targets, the same for the same seed.
template <class Program>
class machine {
 public:
  static constexpr int scale = scale_of<Program>();
  using element = std::conditional_t<scale == 2, double, float>;

  machine(const compiled_graph& compiled, int classes, int threads) : plan_(compiled.view()), program_(plan_, threads) {
    memory_[tenon::memory_space::arena] = arena_.make(scale * plan_.arena_bytes);
    memory_[tenon::memory_space::parameter] = parameters_.make(scale * (plan_.parameter_bytes + plan_.buffer_bytes));
    memory_[tenon::memory_space::optimizer] = optimizer_.make(scale * plan_.optimizer_bytes);
    memory_[tenon::memory_space::gradient] = gradients_.make(scale * plan_.gradient_bytes);
    memory_.packed = packed_.make(plan_.packed_bytes);
    memory_.scratchpad = scratchpad_.make(static_cast<std::int64_t>(program_.scratchpad_bytes()));
    program_.bind(memory_);
    live_ranges_ = live_ranges_of(plan_.graph);
    classes_ = classes;
    for (const tenon::node& each : plan_.graph.nodes) {
      if (each.op == tenon::operation::parameter || each.op == tenon::operation::buffer) fill(each, 7);
    }
  }
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  /// Runs all nodes once on inputs of the given seed; with `poison`, every byte of the arena that holds no live value
  /// is 1e30 before each node.
  void run(std::uint32_t seed, bool poison, const tenon::step_arguments& arguments) {
    if (poison) spoil(-1);
    for (const tenon::node& each : plan_.graph.nodes) {
      if (each.op == tenon::operation::input || each.op == tenon::operation::target) fill(each, seed);
    }
    program_.pack();
    for (std::int32_t i = 0; i < plan_.graph.node_count(); ++i) {
      program_.run(i, i + 1, arguments);
      if (poison) spoil(i);
    }
  }

  /// All that outlives a run: outputs, parameters, running statistics, optimizer state, gradients.
  std::vector<std::vector<std::byte>> results() const {
    std::vector<std::vector<std::byte>> all{parameters_.bytes(), optimizer_.bytes(), gradients_.bytes()};
    for (const std::int32_t output : plan_.graph.outputs) {
      const std::byte* from = program_.operand_of(output).data;
      all.emplace_back(from, from + scale * plan_.placements[static_cast<std::size_t>(output)].bytes);
    }
    return all;
  }

  /// The values of an output.
  std::vector<element> output(std::size_t i) const {
    const std::int32_t number = plan_.graph.outputs[i];
    const element* from = program_.operand_of(number).template as<element>();
    return {from, from + plan_.graph.value_at(number).extents.elements()};
  }

  /// Whether every number of the results is finite and below the poison.
  bool is_sound() const {
    for (const std::vector<std::byte>& bytes : results()) {
      for (std::size_t i = 0; i + sizeof(element) <= bytes.size(); i += sizeof(element)) {
        element value;
        std::memcpy(&value, bytes.data() + i, sizeof(element));
        if (!(value < 1e15f && value > -1e15f)) return false;
      }
    }
    return true;
  }

 private:
  struct free_deleter {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  struct space {
    std::unique_ptr<std::byte[], free_deleter> memory;
    std::size_t size = 0;

    std::byte* make(std::int64_t bytes) {
      size = static_cast<std::size_t>(bytes);
      memory.reset(static_cast<std::byte*>(std::aligned_alloc(64, (size + 127) / 64 * 64)));
      std::memset(memory.get(), 0, size);
      return memory.get();
    }
    std::vector<std::byte> bytes() const { return {memory.get(), memory.get() + size}; }
  };

  // What a source gets depends on what it is, not on its place in the graph.
  void fill(const tenon::node& source, std::uint32_t seed) {
    std::mt19937 random(seed * 10007 + static_cast<std::uint32_t>(source.op) * 1009 +
                        static_cast<std::uint32_t>(source.attribute.index));
    const tenon::value& described = plan_.graph.result_value(source);
    const tenon::operand to = program_.operand_of(source.results[0]);
    for (std::int64_t i = 0; i < described.extents.elements(); ++i) {
      const auto bits = static_cast<std::uint32_t>(random());
      if (described.type == tenon::element_type::int32) {
        to.template as<std::int32_t>()[i] = static_cast<std::int32_t>(bits % static_cast<std::uint32_t>(classes_));
      } else {
        // Variances must be positive; the others may be anything.
        const float value = static_cast<float>(bits % 2001) / 1000.0f - 1.0f;
        to.template as<element>()[i] = source.op == tenon::operation::buffer ? 1.5f + value : 0.4f * value;
      }
    }
  }

  // Fills what no value that is alive behind node i holds.
  void spoil(std::int32_t i) {
    std::vector<char> alive(arena_.size / 64 + 1, 0);
    for (std::size_t v = 0; v < live_ranges_.size(); ++v) {
      const tenon::placement& place = plan_.placements[v];
      const bool is_live = live_ranges_[v].first <= i && i < live_ranges_[v].last;
      if (place.space != tenon::memory_space::arena || !is_live) continue;
      for (std::int64_t slot = scale * place.offset / 64; slot * 64 < scale * (place.offset + place.bytes); ++slot)
        alive[static_cast<std::size_t>(slot)] = 1;
    }
    constexpr element poison = 1e30f;
    for (std::size_t at = 0; at + sizeof(poison) <= arena_.size; at += sizeof(poison)) {
      if (alive[at / 64] == 0) std::memcpy(arena_.memory.get() + at, &poison, sizeof(poison));
    }
  }

  tenon::plan_view plan_;
  Program program_;
  tenon::memory memory_;
  space arena_, parameters_, optimizer_, gradients_, packed_, scratchpad_;
  std::vector<live_range> live_ranges_;
  int classes_ = 2;
};

}  // namespace tenon_test
