// SPDX-License-Identifier: Apache-2.0
// Checkpoints: all that a training run needs to go on, bit for bit, in one safetensors file.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tenon/core/separate.hpp"
#include "tenon/plan/plan_view.hpp"
#include "tenon/runtime/parameter_store.hpp"

namespace tenon {
inline namespace v0 {

/// How far a trainer has come.
struct training_progress {
  std::int64_t steps = 0;        ///< from which dropouts follow, with the seed
  std::int64_t updates = 0;      ///< of the parameters: Adam's bias correction
  std::int64_t accumulated = 0;  ///< steps whose gradients wait for an update
  std::uint64_t seed = 0;        ///< of dropouts
};

/// A trainer's state as a checkpoint sees it: host memory that is owned elsewhere.
struct training_state {
  plan_view plan;
  graph_view described;  ///< the network with its losses, before any pass
  parameter_store* store = nullptr;
  std::span<float> optimizer;  ///< each part of the state for all trained parameters, one part behind another
  std::span<float> gradients;  ///< of all trained parameters
  training_progress progress;
};

/// Writes and reads checkpoints: the tensors of a weights file, `optimizer:NAME:PART` for each part of the optimizer's
/// state (PyTorch's words: momentum_buffer; exp_avg, exp_avg_sq), `gradient:NAME` while gradients are accumulated, and
/// in the metadata the progress, the optimizer with its hyper-parameters, the network (a line for each parameter, layer
/// and loss, with what is trained and the options; not the inputs' extents) and the format's version. As weights such
/// a file can be loaded by whatever loads weights.
class checkpoint {
 public:
  /// Replaces the file at `path`, or leaves it as it was. Throws file_error.
  static void write(const std::string& path, const training_state& state);

  /// Replaces all of the state by a checkpoint's, or nothing. Throws file_error; format_error for what is no checkpoint
  /// or one of another version; weight_error for one of another network, loss or optimizer, with the first difference:
  /// the tensor, the layer or the option, and both values.
  static void read(const std::string& path, training_state& state);
};

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/checkpoint_definitions.hpp"
#endif
