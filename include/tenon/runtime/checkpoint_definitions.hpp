// SPDX-License-Identifier: Apache-2.0
// What checkpoint.hpp declares.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tenon/io/safetensors.hpp"
#include "tenon/runtime/checkpoint.hpp"
#include "tenon/runtime/parameter_store_definitions.hpp"
#include "tenon/train/optimizers.hpp"

namespace tenon {
inline namespace v0 {

namespace detail {

/// The form of a checkpoint.
class checkpoint_form {
 public:
  [[gnu::cold]] static void write(const std::string& path, const training_state& state) {
    std::vector<tensor_source> tensors = state.store->sources();
    for_each_extra(state, [&](const std::string& name, const shape& extents, std::span<float> values) {
      tensors.push_back({name, "F32", detail::extents_of(extents), values.data()});
    });
    safetensors_metadata metadata = metadata_of(state.plan);
    metadata["steps"] = std::to_string(state.progress.steps);
    metadata["updates"] = std::to_string(state.progress.updates);
    metadata["accumulated"] = std::to_string(state.progress.accumulated);
    metadata["dropout_seed"] = std::to_string(state.progress.seed);
    write_safetensors(path, tensors, metadata);
  }

  [[gnu::cold]] static void read(const std::string& path, training_state& state) {
    const safetensors_file file(path);
    check_kind(file);
    check_optimizer(file, state.plan);
    training_state then = state;
    then.progress.steps = number_in(file, "steps");
    then.progress.updates = number_in(file, "updates");
    then.progress.accumulated = number_in(file, "accumulated");
    then.progress.seed = static_cast<std::uint64_t>(number_in(file, "dropout_seed"));
    if (then.progress.accumulated >= state.plan.accumulated_steps) {
      refuse(file, "accumulated", "less than " + std::to_string(state.plan.accumulated_steps),
             std::to_string(then.progress.accumulated));
    }
    std::size_t extras = 0;
    for_each_extra(then, [&](const std::string& name, const shape& extents, std::span<float>) {
      ++extras;
      const stored_tensor* tensor = file.find(name);
      const std::string expected = detail::description_of("F32", detail::extents_of(extents));
      const std::string present = tensor == nullptr ? "none" : detail::description_of(tensor->dtype, tensor->extents);
      if (present != expected) refuse(file, name, expected, present);
    });
    std::size_t found = 0;
    for (const stored_tensor& tensor : file.tensors()) found += is_checkpoint_tensor(tensor.name) ? 1U : 0U;
    if (found != extras) refuse(file, "optimizer", std::to_string(extras) + " tensors", std::to_string(found));
    state.store->load(file);  // checks all before it changes any
    for_each_extra(then, [&](const std::string& name, const shape&, std::span<float> values) {
      std::memcpy(values.data(), file.find(name)->data, values.size_bytes());
    });
    state.progress = then.progress;
  }

 private:
  static constexpr std::string_view version = "1";
  static constexpr const char* version_key = "tenon_checkpoint";

  [[noreturn, gnu::cold]] static void refuse(const safetensors_file& file, const std::string& thing,
                                             const std::string& expected, const std::string& found) {
    throw weight_error(joined({file.path(), ": a checkpoint of another trainer: ", thing, ": ", expected, " expected, ",
                               found, " found"}),
                       thing, expected, found);
  }

  static void check_kind(const safetensors_file& file) {
    const auto given = file.metadata().find(version_key);
    if (given == file.metadata().end()) {
      throw format_error(joined({file.path(), ": no checkpoint, but weights alone: load() reads those"}), version_key,
                         std::string(version), "none");
    }
    if (given->second != version) {
      throw format_error(
          joined({file.path(), ": a checkpoint of version ", detail::in_quotes(given->second), ", expected ", version}),
          version_key, std::string(version), given->second);
    }
  }

  static void check_optimizer(const safetensors_file& file, const plan_view& plan) {
    for (const auto& [key, expected] : metadata_of(plan)) {
      const auto found = file.metadata().find(key);
      if (found == file.metadata().end()) refuse(file, key, expected, "none");
      if (found->second != expected) refuse(file, key, expected, found->second);
    }
  }

  static std::int64_t number_in(const safetensors_file& file, const std::string& key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end()) refuse(file, key, "a number", "none");
    const std::string& text = found->second;
    std::uint64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status != std::errc() || end != text.data() + text.size())
      refuse(file, key, "a number", detail::in_quotes(text));
    return static_cast<std::int64_t>(number);
  }

  /// The shortest text that reads back as the same number.
  static std::string exact_text(double value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
  }

  /// The node that updates some parameter, or nullptr: all differ in the parameter alone.
  static const node* update_of(const plan_view& plan) {
    for (const node& each : plan.graph.nodes) {
      if (is_update(each.op) && operand_index(each, role::parameter) >= 0) return &each;
    }
    return nullptr;
  }

  /// What says how a trainer goes on: the version, the optimizer and what it does with gradients.
  static safetensors_metadata metadata_of(const plan_view& plan) {
    safetensors_metadata metadata{{version_key, std::string(version)}};
    const node* update = update_of(plan);
    if (update == nullptr) return metadata;
    const attributes& of = update->attribute;
    const auto note = [&](const std::string& key, double value) { metadata[key] = exact_text(value); };
    const optimizer_words words = words_of(*update);
    metadata["optimizer"] = words.name;
    note("optimizer.weight_decay", of.weight_decay);
    for (const optimizer_words::number& each : words.numbers) {
      if (each.name != nullptr) note(joined({"optimizer.", each.name}), each.value);
    }
    if (words.condition != nullptr) metadata[joined({"optimizer.", words.condition})] = words.holds ? "true" : "false";
    note("clip_value", of.clip);
    note("clip_norm", 0);
    for (const node& each : plan.graph.nodes) {
      if (each.op == operation::clip_norm) note("clip_norm", each.attribute.clip);
    }
    metadata["accumulate"] = std::to_string(plan.accumulated_steps);
    return metadata;
  }

  /// Calls visit(name, extents, values) for each tensor that a weights file does not have.
  template <class Visit>
  static void for_each_extra(const training_state& state, const Visit& visit) {
    const node* update = update_of(state.plan);
    if (update == nullptr) return;
    const optimizer_words words = words_of(*update);
    std::size_t trained = 0;
    for (const parameter_description& entry : state.store->table().parameters)
      trained += entry.trainable ? static_cast<std::size_t>(entry.extents.elements()) : 0;
    const std::size_t states = trained == 0 ? 0 : state.optimizer.size() / trained;
    for (std::size_t part = 0; part < states; ++part) {
      for_each_trained(state, state.optimizer.subspan(part * trained),
                       [&](const parameter_description& entry, std::span<float> values) {
                         visit(joined({optimizer_prefix, entry.name, ":", words.states[part]}), entry.extents, values);
                       });
    }
    if (state.progress.accumulated == 0) return;
    for_each_trained(state, state.gradients, [&](const parameter_description& entry, std::span<float> values) {
      visit(joined({gradient_prefix, entry.name}), entry.extents, values);
    });
  }

  template <class Visit>
  static void for_each_trained(const training_state& state, std::span<float> values, const Visit& visit) {
    for (const parameter_description& entry : state.store->table().parameters) {
      if (!entry.trainable) continue;
      const auto count = static_cast<std::size_t>(entry.extents.elements());
      visit(entry, values.first(count));
      values = values.subspan(count);
    }
  }
};

}  // namespace detail

TENON_INLINE void checkpoint::write(const std::string& path, const training_state& state) {
  detail::checkpoint_form::write(path, state);
}

TENON_INLINE void checkpoint::read(const std::string& path, training_state& state) {
  detail::checkpoint_form::read(path, state);
}

}  // namespace v0
}  // namespace tenon
