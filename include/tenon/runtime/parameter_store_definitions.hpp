// SPDX-License-Identifier: Apache-2.0
// What parameter_store.hpp declares.
#pragma once

#include <atomic>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/io/safetensors.hpp"
#include "tenon/io/stored_values.hpp"
#include "tenon/runtime/parameter_store.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// "(64 x 3 x 3 x 3)"
inline std::string text_of_extents(const shape& extents) {
  return joined({"(", extents_to_text(extents.extents, static_cast<std::size_t>(extents.rank)), ")"});
}

inline std::vector<std::int64_t> extents_of(const shape& extents) {
  std::vector<std::int64_t> list;
  for (int i = 0; i < extents.rank; ++i) list.push_back(extents[i]);
  return list;
}

/// "F32 (64, 3, 3, 3)"
inline std::string description_of(std::string_view dtype, const std::vector<std::int64_t>& extents) {
  return joined({dtype, " ", extents_text(extents)});
}

[[noreturn, gnu::cold]] inline void throw_unfitting(const std::string& path, const stored_tensor& tensor,
                                                    const std::string& expected, std::string_view remark) {
  const std::string found = description_of(tensor.dtype, tensor.extents);
  throw weight_error(joined({path, ": tensor \"", tensor.name, "\" is ", found, ", expected ", expected, remark}),
                     tensor.name, expected, found);
}

/// How to make a tensor of a file one of another type, PyTorch's `type`.
[[gnu::cold]] inline std::string conversion(const stored_tensor& tensor, std::string_view type) {
  return joined({R"py(convert it: python3 -c "import sys; from safetensors.torch import load_file, save_file; )py"
                 R"py(w = load_file(sys.argv[1]); w[sys.argv[2]] = w[sys.argv[2]].)py",
                 type, R"py((); save_file(w, sys.argv[3])" FILE.safetensors ')py", tensor.name,
                 "' CONVERTED.safetensors"});
}

inline void find_fitting(const safetensors_file& file, const parameter_description& entry) {
  const std::string name(entry.name);
  const std::string expected = description_of("F32", extents_of(entry.extents));
  const stored_tensor* tensor = file.find(name);
  if (tensor == nullptr) {
    throw weight_error(joined({file.path(), ": missing tensor \"", name, "\", expected ", expected}), name, expected,
                       "none");
  }
  parameter_store::require_fitting(file.path(), entry, *tensor);
}

}  // namespace detail

TENON_INLINE parameter_store::parameter_store(const parameter_table& table) : table_(table) {
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

namespace detail {

/// One thread at a time has it: two predictors may ask for the newest values at once. Not std::mutex, because
/// every program would pay a twentieth of a second for <mutex>.
class turn {
 public:
  explicit turn(std::atomic<bool>& of) : is_taken_(of) {
    while (is_taken_.exchange(true, std::memory_order_acquire)) is_taken_.wait(true);
  }
  ~turn() {
    is_taken_.store(false, std::memory_order_release);
    is_taken_.notify_one();
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

 private:
  std::atomic<bool>& is_taken_;
};

}  // namespace detail

TENON_INLINE std::uint64_t parameter_store::changed_by(const value_holder& holder) {
  const detail::turn mine(is_coming_);
  holder_ = holder;
  is_away_.store(true, std::memory_order_release);
  return version_.fetch_add(1, std::memory_order_acq_rel) + 1;
}

TENON_INLINE void parameter_store::bring_home_now(const void* from) const {
  const detail::turn mine(is_coming_);
  if (!is_away_.load(std::memory_order_acquire) || (from != nullptr && holder_.program != from)) return;
  holder_.download(holder_.program, holder_.bytes);
  is_away_.store(false, std::memory_order_release);
}

TENON_INLINE void parameter_store::start(const initialization& how) {
  random_stream seeds(how.seed);
  for_each_tensor([&](const parameter_description& entry, std::span<float> values) {
    const bool follows = is_random(entry.initial) && how.weights.has_value();
    fill_initial(values, entry.extents, follows ? *how.weights : entry.initial, seeds.bits());
  });
  for (std::int64_t& counter : counters()) counter = 0;
  changed();
}

TENON_INLINE void parameter_store::load(const std::string& path) { load(safetensors_file(path)); }

TENON_INLINE void parameter_store::load(const safetensors_file& file) {
  check_surplus(file);
  for_each_tensor([&](const parameter_description& entry, std::span<float>) { detail::find_fitting(file, entry); });
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

TENON_INLINE void parameter_store::save(const std::string& path) const { write_safetensors(path, sources()); }

TENON_INLINE std::vector<tensor_source> parameter_store::sources() const {
  std::vector<tensor_source> tensors;
  for_each_tensor([&](const parameter_description& entry, std::span<float> values) {
    tensors.push_back({std::string(entry.name), "F32", detail::extents_of(entry.extents), values.data()});
  });
  for_each_counter([&](const std::string& name, std::int64_t& counter) {
    tensors.push_back({name, "I64", {}, &counter});
  });
  return tensors;
}

TENON_INLINE parameter_view parameter_store::find(std::string_view name) const {
  parameter_view found;
  for_each_tensor([&](const parameter_description& entry, std::span<float> values) {
    if (entry.name == name) found = {values, entry.extents};
  });
  if (found.values.data() == nullptr) throw_unknown(name);
  return found;
}

TENON_INLINE void parameter_store::assign(std::string_view name, const parameter_view& given) {
  const parameter_view there = find(name);
  const auto refuse = [&](const std::string& expected, const std::string& found) {
    throw weight_error(joined({name, ": ", expected, " expected, ", found, " given"}), std::string(name), expected,
                       found);
  };
  if (!(there.extents == given.extents))
    refuse(detail::text_of_extents(there.extents), detail::text_of_extents(given.extents));
  if (there.size() != given.size()) {
    refuse(std::to_string(there.size()) + " values", std::to_string(given.size()) + " values");
  }
  // Memory of this store's own, and the values given may be a view of it.
  std::memmove(const_cast<float*>(there.data()), given.data(), given.values.size_bytes());
  changed();
}

TENON_INLINE void parameter_store::count_batch(std::int32_t buffer) {
  std::int32_t counter = 0;
  for (std::int32_t i = 0; i < buffer; ++i) {
    counter += table_.buffers[static_cast<std::size_t>(i)].name.ends_with(mean_suffix) ? 1 : 0;
  }
  ++counters()[static_cast<std::size_t>(counter)];
}

TENON_INLINE void parameter_store::throw_unknown(std::string_view name) {
  throw weight_error(joined({"the network has no parameter \"", name, "\""}), std::string(name));
}

TENON_INLINE void parameter_store::throw_frozen(std::string_view name) {
  throw weight_error(joined({"the parameter \"", name, "\" is frozen: it has no gradient"}), std::string(name),
                     "a trained parameter", "a frozen one");
}

TENON_INLINE void parameter_store::require_fitting(const std::string& path, const parameter_description& entry,
                                                   const stored_tensor& tensor, bool may_skip) {
  const std::vector<std::int64_t> extents = detail::extents_of(entry.extents);
  const std::string expected = detail::description_of("F32", extents);
  if (tensor.extents != extents) {
    detail::throw_unfitting(path, tensor, expected,
                            may_skip ? joined({"; .skip = {\"", entry.name, "\"} leaves it out"}) : std::string());
  }
  if (!is_stored_float(tensor.dtype)) {
    detail::throw_unfitting(
        path, tensor, expected,
        joined({" (floats of 16, 32 and 64 bits are read); ", detail::conversion(tensor, "float")}));
  }
  if (const std::optional<std::size_t> at = first_beyond_float(tensor)) {
    const std::string found = joined({"a number beyond them at position ", std::to_string(*at)});
    throw weight_error(
        joined({path, ": tensor \"", tensor.name, "\" is F64, expected what floats of 32 bits hold, found ", found}),
        tensor.name, "floats of 32 bits", found);
  }
}

TENON_INLINE void parameter_store::require_counter(const std::string& path, const std::string& name,
                                                   const stored_tensor& tensor) {
  if (stored_whole_number(tensor)) return;
  const bool is_one = product_of_extents(tensor.extents.data(), tensor.extents.size()) == 1;
  detail::throw_unfitting(path, tensor, joined({"I64 (), the whole number of ", name}),
                          is_one ? joined({"; ", detail::conversion(tensor, "long")}) : std::string());
}

TENON_INLINE void parameter_store::check_surplus(const safetensors_file& file) const {
  for (const stored_tensor& tensor : file.tensors()) {
    bool known = is_checkpoint_tensor(tensor.name);
    for_each_tensor(
        [&](const parameter_description& entry, std::span<float>) { known = known || entry.name == tensor.name; });
    if (known) continue;
    for_each_counter([&](const std::string& name, std::int64_t&) { known = known || name == tensor.name; });
    if (known) continue;
    throw weight_error(joined({file.path(), ": surplus tensor \"", tensor.name, "\", which the network does not have"}),
                       tensor.name);
  }
}

}  // namespace v0
}  // namespace tenon
