// SPDX-License-Identifier: Apache-2.0
// What batch.hpp declares.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tenon/backends/finite.hpp"
#include "tenon/runtime/batch.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE std::int64_t step_batch::check(std::span<single_loss> losses) const {
  for_each([](const value& planned, const given_tensor& given, const char* name, std::int32_t index) {
    check_extents(given.extents(), planned.extents, name, index);
    if ((planned.type == element_type::int32) != (given.floats() == nullptr)) refuse_type(planned, name, index);
  });
  std::int64_t counted = 0;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    losses[i].counted = count(static_cast<std::int32_t>(i));
    counted += losses[i].counted;
  }
  return counted;
}

TENON_INLINE void step_batch::check_finite() const {
  for_each([](const value& planned, const given_tensor& given, const char* name, std::int32_t index) {
    const std::int64_t count = planned.extents.elements();
    if (given.floats() == nullptr || all_finite(given.floats(), count)) return;
    const std::string thing = joined({name, " ", std::to_string(index)});
    refuse_not_finite(thing, thing, given.floats(), count);
  });
}

TENON_INLINE void step_batch::refuse_type(const value& planned, const char* name, std::int32_t index) {
  const bool takes_labels = planned.type == element_type::int32;
  const std::string thing = joined({name, " ", std::to_string(index)});
  const std::string expected = takes_labels ? "class labels" : "floats", found = takes_labels ? "floats" : "labels";
  throw shape_error(joined({thing, " takes ", expected, ", given were ", found}), thing, expected, found);
}

TENON_INLINE std::int64_t step_batch::count(std::int32_t index) const {
  const given_tensor& target = given_[static_cast<std::size_t>(inputs_ + index)];
  std::int64_t all = 1;
  for (const std::int64_t extent : target.extents()) all *= extent;
  for (const node& each : graph_.nodes) {
    const std::int32_t read = is_loss(each.op) ? graph_.operand(each, role::labels) : -1;
    if (read < 0 || graph_.node_at(graph_.value_at(read).producer).attribute.index != index) continue;
    return count_labels(target.labels(), all, graph_.operand_value(each, role::activation).extents.channels(),
                        each.attribute, graph_.reals.data());
  }
  return all;
}

}  // namespace v0
}  // namespace tenon
