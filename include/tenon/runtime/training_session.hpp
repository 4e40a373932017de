// SPDX-License-Identifier: Apache-2.0
// A network in training: its steps, its weights, its checkpoints; what trainer and dynamic_trainer share.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/core/separate.hpp"
#include "tenon/runtime/batch.hpp"
#include "tenon/runtime/executor.hpp"
#include "tenon/runtime/parameters.hpp"

namespace tenon {
inline namespace v0 {

/// What may change from step to step.
struct step_options {
  float learning_rate = 0.01f;
};

/// What the random numbers of dropouts follow from, with the step: the same seed gives the same steps.
struct dropout_seed {
  std::uint64_t value = 0;
};

/// Throws numeric_error for a rate that is negative or not finite.
void check_learning_rate(float rate);
/// Throws numeric_error for a loss that is not finite.
void check_loss(float loss);

/// A training plan with its memory, run step by step.
template <class Program>
class training_session {
 public:
  using program_type = Program;

  /// A parameter's or running statistic's values by PyTorch's name. Throws weight_error for an unknown name.
  parameter_view parameter(std::string_view name) const { return executor_.store()->find(name); }
  /// Replaces all weights or none; momentum stays. Throws file_error, format_error, weight_error.
  void load(const std::string& path) { executor_.store()->load(path); }
  /// Replaces the weights that the file has, or none, and says which: net.load(path, {.skip = {"fc"}}); see partial.
  load_report load(const std::string& path, const partial& how) { return load_partly(*executor_.store(), path, how); }
  void save(const std::string& path) const { executor_.store()->save(path); }

  /// Writes a checkpoint: weights, running statistics, the optimizer's state, the number of steps, the seed of
  /// dropouts, gradients that wait for an update; one safetensors file, which replaces what was there when it is whole.
  /// Whatever loads weights reads it too. Throws file_error.
  void save_checkpoint(const std::string& path) const { executor_.save_checkpoint(path); }
  /// Goes on where a checkpoint was written: with the same batches and as many threads every step gives the same bits
  /// as if training had not been interrupted. Replaces all or nothing. Throws file_error; format_error for what is no
  /// checkpoint, or one of another version; weight_error for one of another network or optimizer, with the first
  /// difference.
  void load_checkpoint(const std::string& path) { executor_.load_checkpoint(path); }

  /// The plan with its memory and its program.
  const executor<Program>& execution() const { return executor_; }

 protected:
  training_session(const plan_view& plan, std::shared_ptr<parameter_store> store, threads count, dropout_seed seed)
      : executor_(plan, std::move(store), count, seed.value) {}

  /// One step; `lowered` is the graph as it was described. Result is a step_result.
  template <class Result>
  Result run_step(const graph_view& lowered, std::span<const given_tensor> given, const step_options& options) {
    check_learning_rate(options.learning_rate);
    const step_batch tensors(lowered, given);
    Result result;
    result.counted = tensors.check(result.losses);
    tensors.check_finite();
    if (result.counted == 0) {
      result.updated = executor_.run_nothing(options.learning_rate);
      return result;
    }
    tensors.give_to(executor_);
    result.loss = executor_.run_forward();
    check_loss(result.loss);
    executor_.check_statistics();
    executor_.note_losses(result.losses);
    result.updated = executor_.run_backward(options.learning_rate);
    return result;
  }

  /// The last step's gradient of a parameter; gradients of trained parameters lie one behind another.
  parameter_view kept_gradient(std::string_view name) const {
    std::int64_t first = 0;
    for (const parameter_description& entry : executor_.store()->table().parameters) {
      if (!entry.trainable && entry.name == name) parameter_store::throw_frozen(name);
      if (!entry.trainable) continue;
      const std::int64_t count = entry.extents.elements();
      if (entry.name == name) return {executor_.gradients(first, count), entry.extents};
      first += count;
    }
    parameter_store::throw_unknown(name);
  }

  executor<Program> executor_;
};

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/training_session_definitions.hpp"
#endif
