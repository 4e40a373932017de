// SPDX-License-Identifier: Apache-2.0
// Runs a plan node by node in memory that ends at a closed page, and can poison what is dead.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "support/compiled.hpp"
#include "support/guarded_space.hpp"
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

  /// Runs all nodes once on inputs of the given seed; with `poison`, all of the arena that holds no live value, and the
  /// scratchpad, is a signalling NaN before each node.
  void run(std::uint32_t seed, bool poison, const tenon::step_arguments& arguments) {
    if (poison) spoil(-1);
    for (const tenon::node& each : plan_.graph.nodes) {
      if (each.op == tenon::operation::input || each.op == tenon::operation::target) fill(each, seed);
    }
    program_.pack();
    for (std::int32_t i = 0; i < plan_.graph.node_count(); ++i) {
      program_.run(i, i + 1, arguments);
      if (i == plan_.loss_node) note_loss();
      if (poison) spoil(i);
    }
    for (const guarded_space* each : {&arena_, &parameters_, &optimizer_, &gradients_, &packed_, &scratchpad_}) {
      CHECK(each->is_whole());
    }
  }

  /// The last run's loss.
  element loss() const { return loss_; }

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

  /// Whether every number of the results is finite and of a usual size.
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
  static constexpr std::size_t slot = 64;

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

  // Poisons what no value that is alive behind node i holds: all of it before the first node, then what has died, and
  // the scratchpad. What a node writes where nothing lives by the plan stays, since nobody may read it.
  void spoil(std::int32_t i) {
    std::vector<char> alive(arena_.size() / slot + 1, 0);
    for (std::size_t v = 0; v < live_ranges_.size(); ++v) {
      if (live_ranges_[v].first <= i && i < live_ranges_[v].last) mark(alive, static_cast<std::int32_t>(v));
    }
    // A result that nobody reads is dead at once.
    const tenon::node* made = i < 0 ? nullptr : &plan_.graph.node_at(i);
    for (int r = 0; made != nullptr && r < made->results.count; ++r) mark(was_alive_, made->results[r]);
    if (made == nullptr) was_alive_.assign(alive.size(), 1);
    for (std::size_t at = 0; at < alive.size(); ++at) {
      if (was_alive_[at] != 0 && alive[at] == 0) poison(arena_, at * slot, slot);
    }
    poison(scratchpad_, 0, scratchpad_.size());
    was_alive_ = std::move(alive);
  }

  void mark(std::vector<char>& slots, std::int32_t value) const {
    const tenon::placement& place = plan_.placements[static_cast<std::size_t>(value)];
    if (place.space != tenon::memory_space::arena) return;
    const auto begin = static_cast<std::size_t>(scale * place.offset) / slot,
               end = static_cast<std::size_t>(scale * (place.offset + place.bytes) + 63) / slot;
    std::fill(slots.begin() + static_cast<std::ptrdiff_t>(begin), slots.begin() + static_cast<std::ptrdiff_t>(end), 1);
  }

  // As a label it is no class.
  static void poison(const guarded_space& space, std::size_t begin, std::size_t bytes) {
    constexpr auto bits = scale == 2 ? std::uint64_t{0x7ff4000000000000} : std::uint64_t{0x7fa000007fa00000};
    const std::size_t end = std::min(begin + bytes, space.size());
    for (std::size_t at = begin; at < end; at += sizeof(bits))
      std::memcpy(space.begin() + at, &bits, std::min(sizeof(bits), end - at));
  }

  void note_loss() {
    if (plan_.loss < 0) return;
    const std::byte* from = program_.operand_of(plan_.loss).data;
    std::memcpy(&loss_, from, sizeof(loss_));
  }

  tenon::plan_view plan_;
  Program program_;
  tenon::memory memory_;
  guarded_space arena_, parameters_, optimizer_, gradients_, packed_, scratchpad_;
  std::vector<live_range> live_ranges_;
  std::vector<char> was_alive_;  // of each slot of the arena, whether a value lay there before the last node
  int classes_ = 2;
  element loss_ = 0;
};

}  // namespace tenon_test
