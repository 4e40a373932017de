// SPDX-License-Identifier: Apache-2.0
// What checkpoint.hpp declares.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tenon/io/safetensors.hpp"
#include "tenon/runtime/checkpoint.hpp"
#include "tenon/runtime/network_lines.hpp"
#include "tenon/runtime/parameter_store_definitions.hpp"

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
    metadata[network_key] = joined_lines(network_lines_of(state.described));
    metadata[extents_key] = input_extents_text(state.described);
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
    check_network(file, state.described);
    training_state then = state;
    then.progress.steps = number_in(file, "steps");
    then.progress.updates = number_in(file, "updates");
    then.progress.accumulated = number_in(file, "accumulated");
    then.progress.seed = static_cast<std::uint64_t>(number_in(file, "dropout_seed"));
    if (then.progress.accumulated >= state.plan.accumulated_steps) {
      refuse(file, "accumulated", "less than " + std::to_string(state.plan.accumulated_steps),
             std::to_string(then.progress.accumulated));
    }
    std::set<std::string> extras;
    for_each_extra(then, [&](const std::string& name, const shape& extents, std::span<float>) {
      extras.insert(name);
      const stored_tensor* tensor = file.find(name);
      const std::string expected = detail::description_of("F32", detail::extents_of(extents));
      const std::string present = tensor == nullptr ? "none" : detail::description_of(tensor->dtype, tensor->extents);
      if (present != expected) refuse(file, name, expected, present);
    });
    for (const stored_tensor& tensor : file.tensors()) {
      const std::string name(tensor.name);
      if (is_checkpoint_tensor(name) && !extras.contains(name))
        refuse(file, name, "none", detail::description_of(tensor.dtype, tensor.extents));
    }
    state.store->load(file);  // checks all before it changes any
    for_each_extra(then, [&](const std::string& name, const shape&, std::span<float> values) {
      std::memcpy(values.data(), file.find(name)->data, values.size_bytes());
    });
    state.progress = then.progress;
  }

 private:
  static constexpr std::string_view version = "1";
  static constexpr const char* version_key = "tenon_checkpoint";
  static constexpr const char *network_key = "network", *extents_key = "input_extents", *optimizer_key = "optimizer";

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
    const safetensors_metadata wanted = metadata_of(plan);
    // The optimizer itself before its options, which another one may lack.
    if (const auto name = wanted.find(optimizer_key); name != wanted.end()) check(file, optimizer_key, name->second);
    for (const auto& [key, expected] : wanted) check(file, key, expected);
  }
  static void check(const safetensors_file& file, const std::string& key, const std::string& expected) {
    const auto found = file.metadata().find(key);
    // What an optimizer does not have was not always written.
    if (found == file.metadata().end() && (expected == "0" || expected == "false")) return;
    if (found == file.metadata().end()) refuse(file, key, expected, "none");
    if (found->second != expected) refuse(file, key, expected, found->second);
  }

  /// The first checkpoints of this version do not describe their network.
  static void check_network(const safetensors_file& file, const graph_view& described) {
    const auto given = file.metadata().find(network_key), extents = file.metadata().find(extents_key);
    if (given == file.metadata().end()) return;
    std::vector<network_line> wanted = network_lines_of(described), found = split_lines(given->second);
    if (extents == file.metadata().end() || extents->second != input_extents_text(described)) {
      for (std::vector<network_line>* lines : {&wanted, &found})
        std::erase_if(*lines, [](const network_line& line) { return line.depends_on_extents(); });
    }
    for (std::size_t i = 0; i < std::max(wanted.size(), found.size()); ++i) {
      const std::string expected = i < wanted.size() ? wanted[i].text : "none",
                        present = i < found.size() ? found[i].text : "none";
      if (expected != present) refuse(file, (i < wanted.size() ? wanted : found)[i].name, expected, present);
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
    const auto note = [&](const char* key, double value) { metadata[key] = exact_text(value); };
    // AdamW is Adam but for the weight decay.
    metadata[optimizer_key] = std::string(name_of(update->op)) + (of.decoupled ? "w" : "");
    note("optimizer.weight_decay", of.weight_decay);
    note("optimizer.momentum", of.momentum);
    metadata["optimizer.nesterov"] = of.nesterov ? "true" : "false";
    note("optimizer.beta1", of.beta1);
    note("optimizer.beta2", of.beta2);
    note("optimizer.epsilon", of.epsilon);
    note("clip_value", of.clip);
    note("clip_norm", 0);
    for (const node& each : plan.graph.nodes) {
      if (each.op == operation::clip_norm) note("clip_norm", each.attribute.clip);
    }
    metadata["accumulate"] = std::to_string(plan.accumulated_steps);
    return metadata;
  }

  /// What a part of an optimizer's state is called: as by PyTorch, if the table of operations tells.
  static std::string state_name(operation update, std::size_t part) {
    const auto& names = traits_of(update).states;
    const bool has_name = part < std::size(names) && !names[part].empty();
    return has_name ? std::string(names[part]) : "state_" + std::to_string(part);
  }

  /// Calls visit(name, extents, values) for each tensor that a weights file does not have.
  template <class Visit>
  static void for_each_extra(const training_state& state, const Visit& visit) {
    const node* update = update_of(state.plan);
    if (update == nullptr) return;
    std::size_t trained = 0;
    for (const parameter_description& entry : state.store->table().parameters)
      trained += entry.trainable ? static_cast<std::size_t>(entry.extents.elements()) : 0;
    const std::size_t states = trained == 0 ? 0 : state.optimizer.size() / trained;
    for (std::size_t part = 0; part < states; ++part) {
      for_each_trained(
          state, state.optimizer.subspan(part * trained),
          [&](const parameter_description& entry, std::span<float> values) {
            visit(joined({optimizer_prefix, entry.name, ":", state_name(update->op, part)}), entry.extents, values);
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
