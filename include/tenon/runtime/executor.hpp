// SPDX-License-Identifier: Apache-2.0
// The executor: a plan run by a backend's program. It is a template of the backend alone.
#pragma once

#include <memory>
#include <span>

#include "tenon/backends/operand.hpp"
#include "tenon/core/parallel.hpp"
#include "tenon/core/separate.hpp"
#include "tenon/runtime/bound_program.hpp"
#include "tenon/runtime/checkpoint.hpp"
#include "tenon/runtime/parameter_store.hpp"
#include "tenon/runtime/step_result.hpp"

namespace tenon {
inline namespace v0 {

class given_tensor;

/// Runs a plan: in which order its parts run, with which parameters, what goes in and what comes out. The program owns
/// the memory, and the executor reaches it by the program's functions alone (see backends/host_memory.hpp). After
/// construction it allocates nothing.
template <class Program>
class executor {
 public:
  /// `plan` refers to constants; `seed` is that of dropouts; `lent` is an arena of somebody else's, used if it is large
  /// enough; `told` says that the user knows of slow steps already. Throws allocation_error and backend_error.
  executor(const plan_view& plan, std::shared_ptr<parameter_store> store, threads count, std::uint64_t seed = 0,
           const lent_arena& lent = {}, bool told = false);

  /// Gives an input or a target its values, unless nobody reads it.
  void give(operation kind, std::int32_t index, const given_tensor& given);

  /// Runs an inference plan; its outputs are valid until the next run.
  void run();

  /// Runs a training step up to its loss; nothing that outlives the step has changed, and a step that ends here is done
  /// again with the same dropouts.
  float run_forward();

  /// Throws numeric_error if running statistics would follow a mean or a variance of the batch that is not finite; to
  /// be called between run_forward and run_backward. Of statistics that only the backward pass makes it knows nothing.
  void check_statistics() const;

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

  /// An output, valid until the next run.
  const float* output(std::int32_t index) const;

  /// Gradients that are kept, from the `first` number of all: those of trained parameters, one behind another.
  std::span<const float> gradients(std::int64_t first, std::int64_t count) const;

  const plan_view& plan() const { return plan_; }
  const Program& program() const { return bound_->program; }
  const std::shared_ptr<parameter_store>& store() const { return bound_->store(); }
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

  float loss_in(std::int32_t value) const;

  plan_view plan_;
  threads threads_;
  std::unique_ptr<bound_program<Program>> bound_;
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
