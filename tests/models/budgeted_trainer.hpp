// SPDX-License-Identifier: Apache-2.0
// A trainer whose network and budget are known only while the program runs, so that one class trains all of them.
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "models/networks.hpp"
#include "tenon/runtime/dynamic_network.hpp"
#include "tenon/runtime/program_of.hpp"
#include "tenon/runtime/training_session.hpp"

namespace tenon_test {

/// A batch for a model.
class model_batch {
 public:
  model_batch(const model& of, std::uint32_t seed) : of_(of) {
    std::mt19937 random(seed);
    std::normal_distribution<float> any;
    values_.resize(static_cast<std::size_t>(of.input.elements()));
    for (float& each : values_) each = any(random);
    const auto pixels = values_.size() / static_cast<std::size_t>(of.input.channels());
    labels_.resize(pixels);
    wanted_.resize(pixels);
    for (std::uint8_t& each : labels_) each = static_cast<std::uint8_t>(random() % model_classes);
    for (float& each : wanted_) each = static_cast<float>(random() % 2);
  }

  /// What a step takes.
  std::vector<tenon::given_tensor> given() const {
    using tenon::given_tensor;
    using tenon::tensor_view;
    const tenon::shape& x = of_.input;
    if (of_.is_volume()) {
      return {given_tensor(tensor_view<const float, 5>{values_, x[0], x[1], x[2], x[3], x[4]}),
              given_tensor(tensor_view<const float, 5>{wanted_, x[0], 1, x[2], x[3], x[4]})};
    }
    return {given_tensor(tensor_view<const float, 4>{values_, x[0], x[1], x[2], x[3]}),
            given_tensor(tenon::label_view<3>(tensor_view<const std::uint8_t, 3>{labels_, x[0], x[2], x[3]}))};
  }

 private:
  model of_;
  std::vector<float> values_, wanted_;
  std::vector<std::uint8_t> labels_;
};

/// What a dynamic_trainer of the network does, with memory_budget of so many bytes, 0: none.
template <class Backend>
class budgeted_trainer : public tenon::training_session<typename tenon::program_of<Backend, true>::type> {
  using session = tenon::training_session<typename tenon::program_of<Backend, true>::type>;
  using plan_type = tenon::run_time_plan<typename Backend::capabilities>;

 public:
  budgeted_trainer(const model& of, const tenon::optimizer_rule& rule, std::int64_t budget, int threads = 1)
      : budgeted_trainer(std::make_unique<plan_type>(of.described(true), rule, false, budget), threads) {}

  const plan_type& plan() const { return *plan_; }

  float step(const model_batch& batch, float learning_rate) {
    const std::vector<tenon::given_tensor> given = batch.given();
    return session::template run_step<tenon::step_result<1>>(given, {.learning_rate = learning_rate}).loss;
  }

  /// Parameters, running statistics, optimizer state.
  std::vector<std::byte> state() const {
    const auto& execution = session::execution();
    const tenon::plan_view& plan = execution.plan();
    const std::byte* values = execution.store()->memory();
    const std::byte* moments = execution.program().spaces()[tenon::memory_space::optimizer];
    std::vector<std::byte> all(values, values + plan.parameter_bytes + plan.buffer_bytes);
    all.insert(all.end(), moments, moments + plan.optimizer_bytes);
    return all;
  }

 private:
  budgeted_trainer(std::unique_ptr<plan_type> plan, int threads)
      : session(plan->view(), plan->lowered(), tenon::store_for(plan->lowered(), tenon::initialize(7)),
                tenon::threads{threads}, tenon::dropout_seed{7}),
        plan_(std::move(plan)) {}

  std::unique_ptr<plan_type> plan_;
};

}  // namespace tenon_test
