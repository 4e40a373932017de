// SPDX-License-Identifier: Apache-2.0
// A memory report as JSON.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/core/finite.hpp"
#include "tenon/io/json.hpp"
#include "tenon/report/markup.hpp"
#include "tenon/report/memory_figures.hpp"
#include "tenon/report/tensor_reason.hpp"
#include "tenon/report/text_table.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Writes members of objects, by RapidJSON. Text that is not UTF-8 is made so.
class json_writer {
 public:
  void open(std::string_view key = {}) {
    put_key(key);
    to_.StartObject();
  }
  void close() { to_.EndObject(); }
  void open_list(std::string_view key) {
    put_key(key);
    to_.StartArray();
  }
  void close_list() { to_.EndArray(); }
  void put(std::string_view key, std::int64_t number) {
    put_key(key);
    to_.Int64(number);
  }
  void put(std::string_view key, std::int32_t number) { put(key, std::int64_t{number}); }
  void put(std::string_view key, double number) {
    put_key(key);
    to_.Double(is_finite(number) ? number : 0);
  }
  void put(std::string_view key, bool is) {
    put_key(key);
    to_.Bool(is);
  }
  void put(std::string_view key, const std::string& text) {
    put_key(key);
    put_text(text);
  }
  /// A step as readers count, from 1; none is null.
  void put_step(std::string_view key, std::int32_t step) {
    put_key(key);
    if (step < 0) {
      to_.Null();
    } else {
      to_.Int(step + 1);
    }
  }
  const std::string& text() const { return output_.text; }

 private:
  void put_key(std::string_view key) {
    if (!key.empty()) to_.Key(key.data(), static_cast<rapid::SizeType>(key.size()));
  }
  void put_text(std::string_view text) {
    const std::string valid = valid_text(text);
    to_.String(valid.data(), static_cast<rapid::SizeType>(valid.size()));
  }

  json_output output_;
  rapid::Writer<json_output> to_{output_};
};

inline void put_part(json_writer& json, const memory_figures& figures, const part_figures& part, bool is_scope) {
  json.open();
  json.put("name", part.name);
  if (is_scope) json.put("part", figures.parts[static_cast<std::size_t>(part.part)].name);
  json.put("naive_bytes", part.naive_bytes);
  json.put("peak_bytes", part.peak_bytes);
  json.put("peak_percent", percent_of(part.peak_bytes, figures.peak_bytes));
  json.put("kept_bytes", part.kept_bytes);
  json.put("outside_bytes", part.outside_bytes);
  json.put("all_bytes", part.all_bytes());
  json.put("all_percent", percent_of(part.all_bytes(), figures.all_bytes()));
  json.put("macs", part.macs);
  json.close();
}

inline void put_tensor(json_writer& json, const memory_figures& figures, const reported_tensor& tensor) {
  json.open();
  json.put("value", tensor.value);
  json.put("name", tensor.name());
  json.put("scope", tensor.scope);
  json.put("part", figures.parts[static_cast<std::size_t>(tensor.part)].name);
  json.put("kind", std::string(name_of(tensor.kind)));
  json.put("extents", tensor.extents);
  json.put("offset", tensor.offset);
  json.put("bytes", tensor.bytes);
  json.put_step("first_step", tensor.first);
  json.put_step("last_step", tensor.last);
  json.put_step("first_backward_reader", tensor.first_backward_reader);
  json.put_step("last_reader", tensor.last_reader);
  json.put_step("recomputed_at", tensor.recomputed_at);
  json.put("group", tensor.group);
  json.put("kept", tensor.is_kept);
  json.put("output", tensor.is_output);
  if (tensor.to_recompute.steps > 0) {
    json.open("recomputation");
    json.put("steps", tensor.to_recompute.steps);
    json.put("macs", tensor.to_recompute.macs);
    json.put("bytes", tensor.to_recompute.bytes);
    json.close();
  }
  json.put("reason", reason_of(figures, tensor));
  json.close();
}

}  // namespace detail

/// A memory report as one JSON object (RFC 8259) with all of its figures; steps count from 1, sizes are in bytes, names
/// are those of memory_figures. `recomputation` stands with what is kept or recomputed, if it can be.
inline std::string json_of(const memory_figures& figures) {
  detail::json_writer json;
  json.open();
  json.put("title", figures.title);
  json.put("trains", figures.trains);
  json.put("naive_bytes", figures.naive_bytes);
  json.put("arena_bytes", figures.arena_bytes);
  json.put("lower_bound_bytes", figures.lower_bound_bytes);
  json.put("peak_bytes", figures.peak_bytes);
  json.put_step("peak_step", figures.steps.empty() ? -1 : figures.peak_step);
  json.put_step("loss_step", figures.loss_step);
  json.put("kept_bytes", figures.kept_bytes);
  json.put("parameter_bytes", figures.parameter_bytes);
  json.put("packed_bytes", figures.packed_bytes);
  json.put("gradient_bytes", figures.gradient_bytes);
  json.put("optimizer_bytes", figures.optimizer_bytes);
  json.put("all_bytes", figures.all_bytes());
  json.put("macs", figures.macs);
  json.put("recomputed_macs", figures.recomputed_macs);
  json.open_list("parts");
  for (const part_figures& part : figures.parts) detail::put_part(json, figures, part, false);
  json.close_list();
  json.open_list("scopes");
  for (const part_figures& scope : figures.scopes) detail::put_part(json, figures, scope, true);
  json.close_list();
  json.open_list("steps");
  for (const reported_step& step : figures.steps) {
    json.open();
    json.put("operation", step.operation);
    json.put("scope", step.scope);
    json.put("part", figures.parts[static_cast<std::size_t>(step.part)].name);
    json.put("macs", step.macs);
    json.put("live_bytes", step.live_bytes);
    json.put("backward", step.is_backward);
    json.close();
  }
  json.close_list();
  json.open_list("tensors");
  for (const reported_tensor& tensor : figures.tensors) detail::put_tensor(json, figures, tensor);
  json.close_list();
  json.open_list("sweep");
  for (const sweep_point& point : figures.sweep) {
    json.open();
    json.put("budget_bytes", point.budget_bytes);
    json.put("arena_bytes", point.arena_bytes);
    json.put("added_macs", point.added_macs);
    json.put("added_percent", point.added_percent);
    json.put("retentions", point.retentions);
    json.close();
  }
  json.close_list();
  json.close();
  return json.text();
}

}  // namespace v0
}  // namespace tenon
