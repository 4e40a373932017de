// SPDX-License-Identifier: Apache-2.0
// What executor.hpp declares.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "tenon/runtime/executor.hpp"

namespace tenon {
inline namespace v0 {

template <class Program>
executor<Program>::executor(const plan_view& plan, std::shared_ptr<parameter_store> store, threads count,
                            std::uint64_t seed, std::byte* arena, bool told)
    : plan_(plan),
      store_(std::move(store)),
      threads_(count),
      program_(std::make_unique<Program>(plan, count.count)),
      seed_(seed),
      told_(told) {
  const auto size = [](std::int64_t bytes) { return static_cast<std::size_t>(bytes); };
  if (arena == nullptr) arena_ = allocate(size(plan.arena_bytes), "arena");
  packed_ = allocate(size(plan.packed_bytes), "packed weights");
  scratchpad_ = allocate(program_->scratchpad_bytes(), "scratchpad");
  optimizer_ = allocate(size(plan.optimizer_bytes), "optimizer state");
  gradients_ = allocate(size(plan.gradient_bytes), "gradients");
  if (optimizer_) std::memset(optimizer_.get(), 0, size(plan.optimizer_bytes));
  if (gradients_) std::memset(gradients_.get(), 0, size(plan.gradient_bytes));
  memory_[memory_space::arena] = arena == nullptr ? arena_.get() : arena;
  memory_[memory_space::parameter] = store_->memory();
  memory_[memory_space::optimizer] = optimizer_.get();
  memory_[memory_space::gradient] = gradients_.get();
  memory_.packed = packed_.get();
  memory_.scratchpad = scratchpad_.get();
  program_->bind(memory_);
  if constexpr (requires { program_->tell_of_slow_steps(); }) {
    if (!told_) told_ = program_->tell_of_slow_steps();
  }
}

template <class Program>
std::byte* executor<Program>::input(operation kind, std::int32_t index) const {
  const std::int32_t number = find(kind, index);
  return number < 0 ? nullptr : program_->operand_of(number).data;
}

template <class Program>
void executor<Program>::run() {
  pack_if_changed();
  program_->run(0, plan_.graph.node_count(), {});
}

template <class Program>
float executor<Program>::run_forward() {
  pack_if_changed();
  program_->run(0, plan_.loss_node + 1, {0, steps_ + 1, seed_});
  float loss = 0;
  std::memcpy(&loss, program_->operand_of(plan_.loss).data, sizeof(loss));
  return loss;
}

template <class Program>
float executor<Program>::loss_by_itself(std::int32_t i) const {
  const node& last = plan_.graph.node_at(plan_.loss_node);
  const std::int32_t number = last.op == operation::total_loss ? plan_.graph.operand(last, i) : plan_.loss;
  const double factor = plan_.graph.node_at(plan_.graph.value_at(number).producer).attribute.scale;
  float loss = 0;
  std::memcpy(&loss, program_->operand_of(number).data, sizeof(loss));
  return factor == 0 ? 0 : static_cast<float>(static_cast<double>(loss) / factor);
}

template <class Program>
bool executor<Program>::run_backward(float learning_rate) {
  ++steps_;
  const std::int32_t accumulated = std::exchange(accumulated_, 0);  // if the program throws, they are dropped
  const bool updates = accumulated + 1 == plan_.accumulated_steps;
  if (updates) ++updates_;
  const step_end whatever_happens{*this};
  program_->run(plan_.loss_node + 1, updates ? plan_.graph.node_count() : plan_.update_node,
                {learning_rate, steps_, seed_, updates_, accumulated == 0});
  accumulated_ = updates ? 0 : accumulated + 1;
  return updates;
}

template <class Program>
bool executor<Program>::run_nothing(float learning_rate) {
  const std::int32_t accumulated = std::exchange(accumulated_, 0);
  if (accumulated == 0 && gradients_) {
    std::memset(gradients_.get(), 0, static_cast<std::size_t>(plan_.gradient_bytes));
    return false;
  }
  if (accumulated == 0) return false;
  if (accumulated + 1 < plan_.accumulated_steps) {
    accumulated_ = accumulated + 1;
    return false;
  }
  ++updates_;
  program_->run(plan_.update_node, plan_.graph.node_count(), {learning_rate, steps_, seed_, updates_});
  store_->changed();
  return true;
}

template <class Program>
const float* executor<Program>::output(std::int32_t index) const {
  return program_->operand_of(plan_.graph.outputs[static_cast<std::size_t>(index)]).template as<const float>();
}

template <class Program>
void executor<Program>::load_checkpoint(const std::string& path) {
  training_state loaded = state();
  checkpoint::read(path, loaded);
  steps_ = loaded.progress.steps;
  updates_ = loaded.progress.updates;
  accumulated_ = static_cast<std::int32_t>(loaded.progress.accumulated);
  seed_ = loaded.progress.seed;
}

template <class Program>
training_state executor<Program>::state() const {
  const auto floats = [](const allocation& from, std::int64_t bytes) {
    return std::span<float>(reinterpret_cast<float*>(from.get()), static_cast<std::size_t>(bytes) / sizeof(float));
  };
  return {plan_,
          store_.get(),
          floats(optimizer_, plan_.optimizer_bytes),
          floats(gradients_, plan_.gradient_bytes),
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
void executor<Program>::pack_if_changed() {
  const std::uint64_t version = store_->version();
  if (version == packed_version_) return;
  program_->pack();
  packed_version_ = version;
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
    of.store_->count_batch(of.plan_.graph.node_at(of.plan_.graph.value_at(mean).producer).attribute.index);
  }
  of.store_->changed();
}

}  // namespace v0
}  // namespace tenon
