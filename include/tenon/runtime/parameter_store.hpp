// SPDX-License-Identifier: Apache-2.0
// The values of a network's parameters and running statistics, by name.
#pragma once

#include <atomic>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/tensor_view.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/io/stored_values.hpp"
#include "tenon/runtime/allocation.hpp"
#include "tenon/runtime/initialization.hpp"

namespace tenon {
inline namespace v0 {

/// A parameter's values, or its gradient's, in PyTorch's layout; owned elsewhere.
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

/// Owns the values of parameters and running statistics in one allocation. Every change raises the version, so that
/// whoever holds packed weights knows. It knows nothing of inputs: predictors and trainers of any size share one.
class parameter_store {
 public:
  /// `table` must outlive the store. The values are zeros.
  explicit parameter_store(const parameter_table& table) : table_(table) {
    for (const parameter_description& entry : table_.parameters) parameter_values_ += entry.extents.elements();
    buffer_values_ = 0;
    for (const parameter_description& entry : table_.buffers) {
      buffer_values_ += entry.extents.elements();
      if (entry.name.ends_with(mean_suffix)) ++counters_;
    }
    const std::int64_t bytes = round_up((parameter_values_ + buffer_values_) * 4, 8) + counters_ * 8;
    memory_ = allocate(static_cast<std::size_t>(bytes), "parameters");
    if (bytes > 0) std::memset(memory_.get(), 0, static_cast<std::size_t>(bytes));
  }

  const parameter_table& table() const { return table_; }
  std::byte* memory() const { return memory_.get(); }

  /// Rises with every change.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void changed() { version_.fetch_add(1, std::memory_order_release); }

  /// All parameters at random first values, running means 0 and variances 1, counters 0.
  void start(const initialization& how) {
    random_stream seeds(how.seed);
    for_each_tensor([&](const parameter_description& entry, std::span<float> values) {
      const bool follows = is_random(entry.initial) && how.weights.has_value();
      fill_initial(values, entry.extents, follows ? *how.weights : entry.initial, seeds.bits());
    });
    for (std::int64_t& counter : counters()) counter = 0;
    changed();
  }

  /// Replaces all values by those of a safetensors file, or none: throws file_error, format_error, and weight_error for
  /// a tensor that is missing, surplus, of another shape or no float of 16, 32 or 64 bits (which become float32 as by
  /// PyTorch's .float()). `num_batches_tracked` may be missing, and of any type if it is a whole number.
  void load(const std::string& path) { load(safetensors_file(path)); }
  /// The same of a file that is open.
  void load(const safetensors_file& file) {
    check_surplus(file);
    for_each_tensor([&](const parameter_description& entry, std::span<float>) { find_fitting(file, entry); });
    for_each_counter([&](const std::string& name, std::int64_t&) {
      if (const stored_tensor* tensor = file.find(name)) require_counter(file.path(), name, *tensor);
    });
    for_each_tensor([&](const parameter_description& entry, std::span<float> values) {
      copy_as_float(*file.find(entry.name), values);
    });
    for_each_counter([&](const std::string& name, std::int64_t& counter) {
      const stored_tensor* tensor = file.find(name);
      counter = tensor == nullptr ? 0 : *stored_whole_number(*tensor);
    });
    changed();
  }

  /// Writes all values as a safetensors file under PyTorch's names; what was there stays whole until it is done. Throws
  /// file_error.
  void save(const std::string& path) const { write_safetensors(path, sources()); }

  /// All values as tensors of a file; they refer to this store's memory.
  std::vector<tensor_source> sources() const {
    std::vector<tensor_source> tensors;
    for_each_tensor([&](const parameter_description& entry, std::span<float> values) {
      tensors.push_back({std::string(entry.name), "F32", extents_of(entry.extents), values.data()});
    });
    for_each_counter([&](const std::string& name, std::int64_t& counter) {
      tensors.push_back({name, "I64", {}, &counter});
    });
    return tensors;
  }

  /// The values of a parameter or running statistic. Throws weight_error for a name the network does not have.
  parameter_view find(std::string_view name) const {
    parameter_view found;
    for_each_tensor([&](const parameter_description& entry, std::span<float> values) {
      if (entry.name == name) found = {values, entry.extents};
    });
    if (found.values.data() == nullptr) throw_unknown(name);
    return found;
  }

  /// Replaces the values of one parameter or running statistic. Throws weight_error for an unknown name, another shape,
  /// or a shape of another number of values than there are.
  void assign(std::string_view name, const parameter_view& given) {
    const parameter_view there = find(name);
    const auto refuse = [&](const std::string& expected, const std::string& found) {
      throw weight_error(joined({name, ": ", expected, " expected, ", found, " given"}), std::string(name), expected,
                         found);
    };
    if (!(there.extents == given.extents)) refuse(text_of(there.extents), text_of(given.extents));
    if (there.size() != given.size()) {
      refuse(std::to_string(there.size()) + " values", std::to_string(given.size()) + " values");
    }
    // Memory of this store's own, and the values given may be a view of it.
    std::memmove(const_cast<float*>(there.data()), given.data(), given.values.size_bytes());
    changed();
  }

  /// Raises `num_batches_tracked` of the norm whose running mean is the given buffer.
  void count_batch(std::int32_t buffer) {
    std::int32_t counter = 0;
    for (std::int32_t i = 0; i < buffer; ++i) {
      counter += table_.buffers[static_cast<std::size_t>(i)].name.ends_with(mean_suffix) ? 1 : 0;
    }
    ++counters()[static_cast<std::size_t>(counter)];
  }

  [[noreturn]] static void throw_unknown(std::string_view name) {
    throw weight_error(joined({"the network has no parameter \"", name, "\""}), std::string(name));
  }
  [[noreturn]] static void throw_frozen(std::string_view name) {
    throw weight_error(joined({"the parameter \"", name, "\" is frozen: it has no gradient"}), std::string(name),
                       "a trained parameter", "a frozen one");
  }

  /// Calls visit(description, values) for each parameter and running statistic. Who changes values calls changed().
  template <class Visit>
  void for_each_tensor(const Visit& visit) const {
    float* values = reinterpret_cast<float*>(memory_.get());
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

  /// Throws weight_error for a tensor of the file at `path` that does not have a parameter's shape, or is no float.
  static void require_fitting(const std::string& path, const parameter_description& entry,
                              const stored_tensor& tensor) {
    const std::vector<std::int64_t> extents = extents_of(entry.extents);
    if (is_stored_float(tensor.dtype) && tensor.extents == extents) return;
    throw_unfitting(path, tensor, description_of("F32", extents),
                    tensor.extents == extents ? " (floats of 16, 32 and 64 bits are read)" : "");
  }
  /// Throws weight_error for a tensor that is no counter.
  static void require_counter(const std::string& path, const std::string& name, const stored_tensor& tensor) {
    if (!stored_whole_number(tensor)) throw_unfitting(path, tensor, joined({"I64 (), the whole number of ", name}), "");
  }

 private:
  static constexpr std::string_view mean_suffix = "running_mean";
  static constexpr std::string_view counter_suffix = "num_batches_tracked";

  std::span<std::int64_t> counters() const {
    std::byte* start = memory_.get() + round_up((parameter_values_ + buffer_values_) * 4, 8);
    return {reinterpret_cast<std::int64_t*>(start), static_cast<std::size_t>(counters_)};
  }

  /// "(64 x 3 x 3 x 3)"
  static std::string text_of(const shape& extents) {
    return joined({"(", extents_to_text(extents.extents, static_cast<std::size_t>(extents.rank)), ")"});
  }

  static std::vector<std::int64_t> extents_of(const shape& extents) {
    std::vector<std::int64_t> list;
    for (int i = 0; i < extents.rank; ++i) list.push_back(extents[i]);
    return list;
  }

  void check_surplus(const safetensors_file& file) const {
    for (const stored_tensor& tensor : file.tensors()) {
      bool known = is_checkpoint_tensor(tensor.name);
      for_each_tensor(
          [&](const parameter_description& entry, std::span<float>) { known = known || entry.name == tensor.name; });
      if (known) continue;
      for_each_counter([&](const std::string& name, std::int64_t&) { known = known || name == tensor.name; });
      if (known) continue;
      throw weight_error(
          joined({file.path(), ": surplus tensor \"", tensor.name, "\", which the network does not have"}),
          tensor.name);
    }
  }

  /// "F32 (64, 3, 3, 3)"
  static std::string description_of(std::string_view dtype, const std::vector<std::int64_t>& extents) {
    return joined({dtype, " ", detail::extents_text(extents)});
  }

  static void find_fitting(const safetensors_file& file, const parameter_description& entry) {
    const std::string name(entry.name);
    const std::string expected = description_of("F32", extents_of(entry.extents));
    const stored_tensor* tensor = file.find(name);
    if (tensor == nullptr) {
      throw weight_error(joined({file.path(), ": missing tensor \"", name, "\", expected ", expected}), name, expected,
                         "none");
    }
    require_fitting(file.path(), entry, *tensor);
  }

  [[noreturn, gnu::cold]] static void throw_unfitting(const std::string& path, const stored_tensor& tensor,
                                                      const std::string& expected, std::string_view remark) {
    const std::string found = description_of(tensor.dtype, tensor.extents);
    throw weight_error(joined({path, ": tensor \"", tensor.name, "\" is ", found, ", expected ", expected, remark}),
                       tensor.name, expected, found);
  }

  parameter_table table_;
  std::int64_t parameter_values_ = 0, buffer_values_ = 0, counters_ = 0;
  allocation memory_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace v0
}  // namespace tenon
