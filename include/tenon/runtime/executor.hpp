// SPDX-License-Identifier: Apache-2.0
// The executor: a plan with its memory, run by a backend's program. It is a template of the backend alone.
#pragma once

#include <memory>
#include <span>

#include "tenon/backends/operand.hpp"
#include "tenon/core/parallel.hpp"
#include "tenon/core/separate.hpp"
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
           std::byte* arena = nullptr, bool told = false);

  /// Where the value of a source is to be copied, or nullptr if nobody reads it.
  std::byte* input(operation kind, std::int32_t index) const;

  /// Runs an inference plan; its outputs are valid until the next run.
  void run();

  /// Runs a training step up to its loss; nothing that outlives the step has changed, and a step that ends here is done
  /// again with the same dropouts.
  float run_forward();

  /// Notes each loss by itself; to be called between run_forward and the next run.
  void note_losses(std::span<single_loss> losses) const;

  /// The i-th loss without its factor, or 0 if that is 0; valid from run_forward to the next run.
  float loss_by_itself(std::int32_t i) const;

  /// Runs the rest: running statistics, backward pass, and the updates, unless they wait for further steps; returns
  /// whether they were made. Throws numeric_error for a gradient that is not finite: its parameter is as it was, the
  /// updates made before it stay, the step counts, and gradients that were accumulated are dropped.
  bool run_backward(float learning_rate);

  /// In place of a backward pass that has nothing to tell: all gradients are 0. If the gradients of steps before wait
  /// for this one, the updates are made; returns whether.
  bool run_nothing(float learning_rate);

  /// An output's memory.
  const float* output(std::int32_t index) const;

  const plan_view& plan() const { return plan_; }
  const Program& program() const { return *program_; }
  const memory& spaces() const { return memory_; }
  const std::shared_ptr<parameter_store>& store() const { return store_; }
  std::int64_t steps() const { return steps_; }
  /// Whether the user was told of slow steps, which is done once for all plans of a trainer or predictor.
  bool told() const { return told_; }

  /// Writes all that the training run needs to go on; see checkpoint.
  void save_checkpoint(const std::string& path) const;
  /// Goes on where a checkpoint was written.
  void load_checkpoint(const std::string& path);
  threads thread_count() const { return threads_; }

 private:
  /// Notes what a step may have changed when it is over, or thrown out of.
  struct step_end {
    executor& of;

    ~step_end();
  };

  training_state state() const;

  std::int32_t find(operation kind, std::int32_t index) const;

  void pack_if_changed();

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

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/executor_definitions.hpp"
#endif
