// SPDX-License-Identifier: Apache-2.0
// The values of a network's parameters and running statistics, by name.
#pragma once

#include <atomic>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/allocation.hpp"
#include "tenon/core/separate.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/runtime/initialization.hpp"

namespace tenon {
inline namespace v0 {

class safetensors_file;
struct stored_tensor;
struct tensor_source;

/// A parameter's values, or its gradient's, in PyTorch's layout; owned elsewhere. What a later step makes of them it
/// shows if the backend computes in the host's memory; ask again for those of others.
struct parameter_view {
  std::span<const float> values;
  shape extents;

  const float* data() const { return values.data(); }
  std::size_t size() const { return values.size(); }
  auto begin() const { return values.begin(); }
  auto end() const { return values.end(); }
};

// How names begin of what checkpoints have and weights files have not.
inline constexpr std::string_view optimizer_prefix = "optimizer:", gradient_prefix = "gradient:";

/// Whether a tensor of a file belongs to a checkpoint's training state, not to the weights.
inline bool is_checkpoint_tensor(std::string_view name) {
  return name.starts_with(optimizer_prefix) || name.starts_with(gradient_prefix);
}

/// Who has newer values than a store: a program that works on a copy of them.
struct value_holder {
  void* program = nullptr;
  void (*download)(void* program, std::int64_t bytes) = nullptr;  ///< brings the copy to the store's memory
  std::int64_t bytes = 0;
};

/// Owns the values of parameters and running statistics in one allocation. Every change raises the version, so that
/// whoever holds packed weights or a copy knows. It knows nothing of inputs: predictors and trainers of any size share
/// one. A program that has changed its copy holds the newest values until somebody asks for them; then they come home.
class parameter_store {
 public:
  /// `table` must outlive the store. The values are zeros.
  explicit parameter_store(const parameter_table& table);

  const parameter_table& table() const { return table_; }
  std::byte* memory() const {
    bring_home();
    return memory_.get();
  }

  /// Rises with every change.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void changed() { version_.fetch_add(1, std::memory_order_release); }

  /// The same of a program that has changed its copy: the newest values are there. Gives the new version.
  std::uint64_t changed_by(const value_holder& holder);
  /// Brings the newest values to the store's memory, if a program holds them.
  void bring_home() const {
    if (is_away_.load(std::memory_order_acquire)) bring_home_now();
  }
  /// A program and its copy are about to go.
  void release(const void* program) const {
    if (is_away_.load(std::memory_order_acquire)) bring_home_now(program);
  }

  /// All parameters at random first values, running means 0 and variances 1, counters 0.
  void start(const initialization& how);

  /// Replaces all values by those of a safetensors file, or none: throws file_error, format_error, and weight_error for
  /// a tensor that is missing, surplus, of another shape or no float of 16, 32 or 64 bits (which become float32 as by
  /// PyTorch's .float()). `num_batches_tracked` may be missing, and of any type if it is a whole number.
  void load(const std::string& path);
  /// The same of a file that is open.
  void load(const safetensors_file& file);

  /// Writes all values as a safetensors file under PyTorch's names; what was there stays whole until it is done. Throws
  /// file_error.
  void save(const std::string& path) const;

  /// All values as tensors of a file; they refer to this store's memory.
  std::vector<tensor_source> sources() const;

  /// The values of a parameter or running statistic. Throws weight_error for a name the network does not have.
  parameter_view find(std::string_view name) const;

  /// Replaces the values of one parameter or running statistic. Throws weight_error for an unknown name, another shape,
  /// or a shape of another number of values than there are.
  void assign(std::string_view name, const parameter_view& given);

  /// Raises `num_batches_tracked` of the norm whose running mean is the given buffer.
  void count_batch(std::int32_t buffer);

  [[noreturn]] static void throw_unknown(std::string_view name);
  [[noreturn]] static void throw_frozen(std::string_view name);

  /// Calls visit(description, values) for each parameter and running statistic. Who changes values calls changed().
  template <class Visit>
  void for_each_tensor(const Visit& visit) const {
    float* values = reinterpret_cast<float*>(memory());
    for (const std::span<const parameter_description>& list : {table_.parameters, table_.buffers}) {
      for (const parameter_description& entry : list) {
        const auto count = static_cast<std::size_t>(entry.extents.elements());
        visit(entry, std::span<float>(values, count));
        values += count;
      }
    }
  }

  /// Calls visit(name, counter) for each `num_batches_tracked`.
  template <class Visit>
  void for_each_counter(const Visit& visit) const {
    std::size_t number = 0;
    for (const parameter_description& entry : table_.buffers) {
      if (!entry.name.ends_with(mean_suffix)) continue;
      std::string name(entry.name.substr(0, entry.name.size() - mean_suffix.size()));
      name += counter_suffix;
      visit(name, counters()[number++]);
    }
  }

  /// Throws weight_error for a tensor of the file at `path` that does not have a parameter's shape, is no float, or has
  /// a finite number beyond those of 32 bits; says how to leave it out, if that may be done.
  static void require_fitting(const std::string& path, const parameter_description& entry, const stored_tensor& tensor,
                              bool may_skip = false);
  /// Throws weight_error for a tensor that is no counter.
  static void require_counter(const std::string& path, const std::string& name, const stored_tensor& tensor);

 private:
  static constexpr std::string_view mean_suffix = "running_mean";
  static constexpr std::string_view counter_suffix = "num_batches_tracked";

  std::span<std::int64_t> counters() const {
    std::byte* start = memory_.get() + round_up((parameter_values_ + buffer_values_) * 4, 8);
    return {reinterpret_cast<std::int64_t*>(start), static_cast<std::size_t>(counters_)};
  }

  void check_surplus(const safetensors_file& file) const;

  /// `from`: if that program holds the newest values; nullptr: whichever.
  void bring_home_now(const void* from = nullptr) const;

  parameter_table table_;
  std::int64_t parameter_values_ = 0, buffer_values_ = 0, counters_ = 0;
  allocation memory_;
  std::atomic<std::uint64_t> version_{1};
  value_holder holder_;
  mutable std::atomic<bool> is_away_ = false;    ///< whether the holder has newer values
  mutable std::atomic<bool> is_coming_ = false;  ///< whether some thread is bringing them
};

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/parameter_store_definitions.hpp"
#endif
