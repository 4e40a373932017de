// SPDX-License-Identifier: Apache-2.0
// Whole networks in double: gradients by the backward pass against central differences of the loss.
#pragma once

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "support/run_time_plan.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/program.hpp"

namespace support {

/// A network with its losses, planned for training and run by the reference backend in double, on random weights,
/// inputs and targets. About one label in five is the ignored one, where a loss has one.
class training_in_double {
 public:
  explicit training_in_double(const growing_graph& with_loss, std::uint32_t seed = 1)
      : plan_(plan_training<reference::capabilities>(with_loss, sgd<>::rule())), program_(plan_.view()) {
    const plan_view& plan = plan_.view();
    const auto reserve = [&](memory_space space, std::int64_t bytes) {
      std::vector<double>& values = values_[static_cast<std::size_t>(space)];
      values.assign(static_cast<std::size_t>(bytes / 4) + 1, 0.0);
      memory_[space] = reinterpret_cast<std::byte*>(values.data());
    };
    reserve(memory_space::arena, plan.arena_bytes);
    reserve(memory_space::parameter, plan.parameter_bytes + plan.buffer_bytes);
    reserve(memory_space::gradient, plan.gradient_bytes);
    program_.bind(memory_);
    std::mt19937 random(seed);
    for (const node& each : plan.graph.nodes) {
      if (!is_source(each.op)) continue;
      const value& made = plan.graph.result_value(each);
      if (each.op == operation::parameter || each.op == operation::buffer) {
        draw_weights(each, program_.operand_of(each.results[0]), random);
      } else if (made.type == element_type::int32) {
        draw_labels(plan.graph, each.results[0], random);
      } else {
        given_.push_back({each.results[0], std::vector<double>(static_cast<std::size_t>(made.extents.elements())), {}});
        for (double& element : given_.back().values) element = uniform(random, -1.5, 1.5);
      }
    }
  }

  plan_view view() const { return plan_.view(); }

  /// The loss as the weights are now.
  double loss() {
    const plan_view& plan = plan_.view();
    // What no result may depend on.
    std::ranges::fill(values_[static_cast<std::size_t>(memory_space::arena)], 1e30);
    for (const source& each : given_) {
      const operand to = program_.operand_of(each.number);
      if (each.labels.empty()) {
        std::ranges::copy(each.values, to.as<double>());
      } else {
        std::ranges::copy(each.labels, to.as<std::int32_t>());
      }
    }
    program_.run(0, plan.loss_node + 1, {0, 1});
    return *program_.operand_of(plan.loss).as<double>();
  }

  /// Runs a step whose updates change no parameter, and keeps its gradients.
  void find_gradients() {
    loss();
    program_.run(plan_.view().loss_node + 1, plan_.view().graph.node_count(), {0, 1});
  }

  parameter_table parameters() const { return plan_.table(); }

  /// The values, or the kept gradients, of the parameter with the given number. A frozen one has no gradient.
  std::span<double> values(std::size_t number) { return part(memory_space::parameter, number); }
  std::span<double> gradient(std::size_t number) { return part(memory_space::gradient, number); }

  /// How far the kept gradient of a parameter is from central differences of at most `most` of its elements, evenly
  /// chosen: the greatest difference over the greatest magnitude expected; over 1 where that is tiny. The step is
  /// small, for a greater one crosses kinks of ReLUs and poolings more often.
  double difference(std::size_t number, std::size_t most = 40) {
    constexpr double step = 1e-6, tiny = 1e-7;
    const std::span<double> weights = values(number), found = gradient(number);
    const std::size_t stride = (weights.size() + most - 1) / most;
    double apart = 0, magnitude = 0;
    for (std::size_t i = 0; i < weights.size(); i += stride) {
      const double before = weights[i];
      weights[i] = before + step;
      const double above = loss();
      weights[i] = before - step;
      const double below = loss();
      weights[i] = before;
      const double expected = (above - below) / (2 * step);
      apart = std::max(apart, std::abs((found.empty() ? 0 : found[i]) - expected));
      magnitude = std::max(magnitude, std::abs(expected));
    }
    return magnitude < tiny ? apart : apart / magnitude;
  }

 private:
  struct source {
    std::int32_t number;
    std::vector<double> values;
    std::vector<std::int32_t> labels;
  };

  static double uniform(std::mt19937& random, double least, double most) {
    return least + (most - least) * static_cast<double>(random()) / 4294967296.0;
  }

  static void draw_weights(const node& of, const operand& to, std::mt19937& random) {
    const shape& extents = to.extents;
    const double fan = std::max(1.0, static_cast<double>(extents.elements()) / extents[0]);
    const double width = extents.rank > 1 ? std::sqrt(3 / fan) : 0.5;
    const double middle = of.attribute.initial == initializer::ones ? 1 : 0;
    for (std::int64_t i = 0; i < extents.elements(); ++i) {
      to.as<double>()[i] = middle + uniform(random, -width, width);
    }
  }

  void draw_labels(const graph_view& graph, std::int32_t number, std::mt19937& random) {
    const node* loss = nullptr;
    for (const node& each : graph.nodes) {
      if (phase_of(each.op) == phase::loss && graph.operand(each, role::labels) == number) loss = &each;
    }
    REQUIRE(loss != nullptr);
    const auto classes = static_cast<unsigned>(graph.operand_value(*loss, 0).extents.channels());
    given_.push_back({number, {}, {}});
    for (std::int64_t i = 0; i < graph.value_at(number).extents.elements(); ++i) {
      const bool ignored = loss->attribute.has_ignored && random() % 5 == 0;
      given_.back().labels.push_back(ignored ? loss->attribute.ignored : static_cast<std::int32_t>(random() % classes));
    }
  }

  std::span<double> part(memory_space space, std::size_t number) {
    const auto has_none = [&](std::size_t i) {
      return space == memory_space::gradient && !parameters().parameters[i].trainable;
    };
    if (has_none(number)) return {};
    std::size_t begin = 0;
    for (std::size_t i = 0; i < number; ++i) {
      if (has_none(i)) continue;
      begin += static_cast<std::size_t>(parameters().parameters[i].extents.elements());
    }
    const auto count = static_cast<std::size_t>(parameters().parameters[number].extents.elements());
    return std::span<double>(values_[static_cast<std::size_t>(space)]).subspan(begin, count);
  }

  run_time_plan plan_;
  reference::program<double> program_;
  std::array<std::vector<double>, memory_space_count> values_;
  memory memory_;
  std::vector<source> given_;
};

/// Requires that the gradients of all parameters of a network with its losses (see lower_with_loss) equal central
/// differences.
inline void check_gradient(const growing_graph& with_loss, std::uint32_t seed = 1, double allowed = 1e-6) {
  INFO(sentence_of(with_loss.problem.kind) << ": " << with_loss.problem.expected << ", " << with_loss.problem.found);
  REQUIRE(!with_loss.problem);
  training_in_double training(with_loss, seed);
  training.find_gradients();
  const std::size_t count = training.parameters().parameters.size();
  REQUIRE(count > 0);
  for (std::size_t i = 0; i < count; ++i) {
    INFO(training.parameters().parameters[i].name);
    CHECK(training.difference(i) <= allowed);
  }
}

}  // namespace support
