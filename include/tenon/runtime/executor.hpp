// SPDX-License-Identifier: Apache-2.0
// The executor: a plan with its memory, run by a backend's program. It is a template of the backend alone.
#pragma once

#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "tenon/backends/operand.hpp"
#include "tenon/core/parallel.hpp"
#include "tenon/runtime/checkpoint.hpp"
#include "tenon/runtime/parameter_store.hpp"
#include "tenon/runtime/step_result.hpp"

namespace tenon {
inline namespace v0 {

/// Owns what a plan needs at run time: the arena, packed weights, scratchpad, optimizer state and kept gradients, one
/// allocation each. After construction it allocates nothing.
template <class Program>
class executor {
 public:
  /// `plan` refers to constants; `seed` is that of dropouts; `arena` is somebody else's, of at least the plan's bytes,
  /// or nullptr; `told` says that the user knows of slow steps already. Throws allocation_error and backend_error.
  executor(const plan_view& plan, std::shared_ptr<parameter_store> store, threads count, std::uint64_t seed = 0,
           std::byte* arena = nullptr, bool told = false)
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

  /// Where the value of a source is to be copied, or nullptr if nobody reads it.
  std::byte* input(operation kind, std::int32_t index) const {
    const std::int32_t number = find(kind, index);
    return number < 0 ? nullptr : program_->operand_of(number).data;
  }

  /// Runs an inference plan; its outputs are valid until the next run.
  void run() {
    pack_if_changed();
    program_->run(0, plan_.graph.node_count(), {});
  }

  /// Runs a training step up to its loss; nothing that outlives the step has changed, and a step that ends here is done
  /// again with the same dropouts.
  float run_forward() {
    pack_if_changed();
    program_->run(0, plan_.loss_node + 1, {0, steps_ + 1, seed_});
    float loss = 0;
    std::memcpy(&loss, program_->operand_of(plan_.loss).data, sizeof(loss));
    return loss;
  }

  /// Notes each loss by itself; to be called between run_forward and the next run.
  void note_losses(std::span<single_loss> losses) const {
    for (std::size_t i = 0; i < losses.size(); ++i) losses[i].value = loss_by_itself(static_cast<std::int32_t>(i));
  }

  /// The i-th loss without its factor, or 0 if that is 0; valid from run_forward to the next run.
  float loss_by_itself(std::int32_t i) const {
    const node& last = plan_.graph.node_at(plan_.loss_node);
    const std::int32_t number = last.op == operation::total_loss ? plan_.graph.operand(last, i) : plan_.loss;
    const double factor = plan_.graph.node_at(plan_.graph.value_at(number).producer).attribute.scale;
    float loss = 0;
    std::memcpy(&loss, program_->operand_of(number).data, sizeof(loss));
    return factor == 0 ? 0 : static_cast<float>(static_cast<double>(loss) / factor);
  }

  /// Runs the rest: running statistics, backward pass, and the updates, unless they wait for further steps; returns
  /// whether they were made. Throws numeric_error for a gradient that is not finite: its parameter is as it was, the
  /// updates made before it stay, the step counts, and gradients that were accumulated are dropped.
  bool run_backward(float learning_rate) {
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

  /// In place of a backward pass that has nothing to tell: all gradients are 0. If the gradients of steps before wait
  /// for this one, the updates are made; returns whether.
  bool run_nothing(float learning_rate) {
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

  /// An output's memory.
  const float* output(std::int32_t index) const {
    return program_->operand_of(plan_.graph.outputs[static_cast<std::size_t>(index)]).template as<const float>();
  }

  const plan_view& plan() const { return plan_; }
  const Program& program() const { return *program_; }
  const memory& spaces() const { return memory_; }
  const std::shared_ptr<parameter_store>& store() const { return store_; }
  std::int64_t steps() const { return steps_; }
  /// Whether the user was told of slow steps, which is done once for all plans of a trainer or predictor.
  bool told() const { return told_; }

  /// Writes all that the training run needs to go on; see checkpoint.
  void save_checkpoint(const std::string& path) const { checkpoint::write(path, state()); }
  /// Goes on where a checkpoint was written.
  void load_checkpoint(const std::string& path) {
    training_state loaded = state();
    checkpoint::read(path, loaded);
    steps_ = loaded.progress.steps;
    updates_ = loaded.progress.updates;
    accumulated_ = static_cast<std::int32_t>(loaded.progress.accumulated);
    seed_ = loaded.progress.seed;
  }
  threads thread_count() const { return threads_; }

 private:
  /// Notes what a step may have changed when it is over, or thrown out of.
  struct step_end {
    executor& of;

    ~step_end() {
      for (const node& current : of.plan_.graph.nodes) {
        if (current.op != operation::running_statistics) continue;
        const std::int32_t mean = of.plan_.graph.operand(current, role::running_mean);
        of.store_->count_batch(of.plan_.graph.node_at(of.plan_.graph.value_at(mean).producer).attribute.index);
      }
      of.store_->changed();
    }
  };

  training_state state() const {
    const auto floats = [](const allocation& from, std::int64_t bytes) {
      return std::span<float>(reinterpret_cast<float*>(from.get()), static_cast<std::size_t>(bytes) / sizeof(float));
    };
    return {plan_,
            store_.get(),
            floats(optimizer_, plan_.optimizer_bytes),
            floats(gradients_, plan_.gradient_bytes),
            {steps_, updates_, accumulated_, seed_}};
  }

  std::int32_t find(operation kind, std::int32_t index) const {
    for (const node& current : plan_.graph.nodes) {
      if (current.op == kind && current.attribute.index == index) return current.results[0];
    }
    return -1;
  }

  void pack_if_changed() {
    const std::uint64_t version = store_->version();
    if (version == packed_version_) return;
    program_->pack();
    packed_version_ = version;
  }

  plan_view plan_;
  std::shared_ptr<parameter_store> store_;
  threads threads_;
  std::unique_ptr<Program> program_;
  allocation arena_, packed_, scratchpad_, optimizer_, gradients_;
  memory memory_;
  std::uint64_t packed_version_ = 0;
  std::int64_t steps_ = 0, updates_ = 0;
  std::int32_t accumulated_ = 0;  ///< steps since the last update
  std::uint64_t seed_ = 0;
  bool told_ = false;
};

}  // namespace v0
}  // namespace tenon
