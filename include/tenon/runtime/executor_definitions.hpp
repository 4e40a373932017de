// SPDX-License-Identifier: Apache-2.0
// What executor.hpp declares.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "tenon/backends/finite.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

template <class Program>
executor<Program>::executor(const plan_view& plan, std::shared_ptr<parameter_store> store, threads count,
                            std::uint64_t seed, const lent_arena& lent, bool told)
    : plan_(plan),
      threads_(count),
      bound_(std::make_unique<bound_program<Program>>(plan, std::move(store), count.count)),
      seed_(seed),
      told_(told) {
  bound_->program.make_memory(bound_->store()->memory(), lent);
  if constexpr (requires { program().tell_of_slow_steps(); }) {
    if (!told_) told_ = program().tell_of_slow_steps();
  }
}

template <class Program>
void executor<Program>::give(operation kind, std::int32_t index, const given_tensor& given) {
  const std::int32_t number = find(kind, index);
  std::byte* to = number < 0 ? nullptr : bound_->program.staging(number);
  if (to == nullptr) return;
  given.copy_to(to, plan_.graph.value_at(number).extents.elements());
  bound_->program.upload(number);
}

template <class Program>
void executor<Program>::run() {
  bound_->refresh();
  bound_->program.run(0, plan_.graph.node_count(), {});
}

template <class Program>
float executor<Program>::run_forward() {
  bound_->refresh();
  bound_->program.run(0, plan_.loss_node + 1, {0, steps_ + 1, seed_});
  return loss_in(plan_.loss);
}

template <class Program>
void executor<Program>::check_statistics() const {
  for (const node& each : plan_.graph.nodes) {
    if (each.op != operation::running_statistics) continue;
    const auto check = [&](std::string_view what, role of_batch, role running) {
      const value& given = plan_.graph.operand_value(each, of_batch);
      if (given.producer > plan_.loss_node) return;
      const std::int64_t count = given.extents.elements();
      const std::byte* const bytes = bound_->program.download(plan_.graph.operand(each, of_batch));
      const auto* const values = reinterpret_cast<const float*>(bytes);
      if (all_finite(values, count)) return;
      const std::int32_t stored = plan_.graph.operand_value(each, running).producer;
      const auto buffer = static_cast<std::size_t>(plan_.graph.node_at(stored).attribute.index);
      const std::string_view name = store()->table().buffers[buffer].name;
      refuse_not_finite(joined({"the ", what, " of the batch that \"", name, "\" follows"}), name, values, count);
    };
    check("mean", role::mean, role::running_mean);
    check("variance", role::variance, role::running_variance);
  }
}

template <class Program>
float executor<Program>::loss_in(std::int32_t value) const {
  return *reinterpret_cast<const float*>(bound_->program.download(value));
}

template <class Program>
float executor<Program>::loss_by_itself(std::int32_t i) const {
  const node& last = plan_.graph.node_at(plan_.loss_node);
  const std::int32_t number = last.op == operation::total_loss ? plan_.graph.operand(last, i) : plan_.loss;
  const double factor = plan_.graph.node_at(plan_.graph.value_at(number).producer).attribute.scale;
  return factor == 0 ? 0 : static_cast<float>(static_cast<double>(loss_in(number)) / factor);
}

template <class Program>
bool executor<Program>::run_backward(float learning_rate) {
  ++steps_;
  const std::int32_t accumulated = std::exchange(accumulated_, 0);  // if the program throws, they are dropped
  const bool updates = accumulated + 1 == plan_.accumulated_steps;
  if (updates) ++updates_;
  const step_end whatever_happens{*this};
  bound_->program.run(plan_.loss_node + 1, updates ? plan_.graph.node_count() : plan_.update_node,
                      {learning_rate, steps_, seed_, updates_, accumulated == 0});
  accumulated_ = updates ? 0 : accumulated + 1;
  return updates;
}

template <class Program>
bool executor<Program>::run_nothing(float learning_rate) {
  const std::int32_t accumulated = std::exchange(accumulated_, 0);
  if (accumulated == 0) {
    bound_->program.clear(memory_space::gradient);
    return false;
  }
  if (accumulated + 1 < plan_.accumulated_steps) {
    accumulated_ = accumulated + 1;
    return false;
  }
  bound_->refresh();
  ++updates_;
  bound_->program.run(plan_.update_node, plan_.graph.node_count(), {learning_rate, steps_, seed_, updates_});
  bound_->changed();
  return true;
}

template <class Program>
const float* executor<Program>::output(std::int32_t index) const {
  const std::int32_t number = plan_.graph.outputs[static_cast<std::size_t>(index)];
  return reinterpret_cast<const float*>(bound_->program.download(number));
}

template <class Program>
std::span<const float> executor<Program>::gradients(std::int64_t first, std::int64_t count) const {
  constexpr auto bytes = static_cast<std::int64_t>(sizeof(float));
  const std::byte* values = bound_->program.download(memory_space::gradient, first * bytes, count * bytes);
  return {reinterpret_cast<const float*>(values), static_cast<std::size_t>(count)};
}

template <class Program>
void executor<Program>::load_checkpoint(const std::string& path) {
  training_state loaded = state();
  checkpoint::read(path, loaded);
  bound_->program.upload(memory_space::optimizer, 0, plan_.optimizer_bytes);
  bound_->program.upload(memory_space::gradient, 0, plan_.gradient_bytes);
  steps_ = loaded.progress.steps;
  updates_ = loaded.progress.updates;
  accumulated_ = static_cast<std::int32_t>(loaded.progress.accumulated);
  seed_ = loaded.progress.seed;
}

template <class Program>
training_state executor<Program>::state() const {
  const auto all_of = [&](memory_space space, std::int64_t bytes) {
    if (bytes == 0) return std::span<float>();
    auto* values = reinterpret_cast<float*>(bound_->program.download(space, 0, bytes));
    return std::span<float>(values, static_cast<std::size_t>(bytes) / sizeof(float));
  };
  return {plan_,
          store().get(),
          all_of(memory_space::optimizer, plan_.optimizer_bytes),
          all_of(memory_space::gradient, plan_.gradient_bytes),
          {steps_, updates_, accumulated_, seed_}};
}

template <class Program>
std::int32_t executor<Program>::find(operation kind, std::int32_t index) const {
  for (const node& current : plan_.graph.nodes) {
    if (current.op == kind && current.attribute.index == index) return current.results[0];
  }
  return -1;
}

template <class Program>
void executor<Program>::note_losses(std::span<single_loss> losses) const {
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i].value = loss_by_itself(static_cast<std::int32_t>(i));
}

template <class Program>
void executor<Program>::save_checkpoint(const std::string& path) const {
  checkpoint::write(path, state());
}

template <class Program>
executor<Program>::step_end::~step_end() {
  for (const node& current : of.plan_.graph.nodes) {
    if (current.op != operation::running_statistics) continue;
    const std::int32_t mean = of.plan_.graph.operand(current, role::running_mean);
    of.store()->count_batch(of.plan_.graph.node_at(of.plan_.graph.value_at(mean).producer).attribute.index);
  }
  of.bound_->changed();
}

}  // namespace v0
}  // namespace tenon
