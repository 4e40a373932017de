// SPDX-License-Identifier: Apache-2.0
// What views.hpp declares.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tenon/core/error.hpp"
#include "tenon/runtime/views.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE void refuse_extents(const std::string& found, const shape& planned, const char* name, std::int32_t index) {
  const std::string thing = joined({name, " ", std::to_string(index)});
  const std::string expected = extents_to_text(planned.extents, static_cast<std::size_t>(planned.rank));
  throw shape_error(joined({thing, " is ", found, ", the network was compiled for ", expected}), thing, expected,
                    found);
}

TENON_INLINE void check_extents(std::span<const std::int64_t> given, const shape& planned, const char* name,
                                std::int32_t index) {
  bool same = static_cast<std::size_t>(planned.rank) == given.size();
  for (std::size_t i = 0; same && i < given.size(); ++i) same = given[i] == planned.extents[i];
  if (!same) refuse_extents(extents_to_text(given.data(), given.size()), planned, name, index);
}

TENON_INLINE void refuse_label(std::int64_t label, std::int64_t position, std::int32_t classes,
                               const attributes& loss) {
  const std::string ignored = loss.has_ignored ? joined({" or ", std::to_string(loss.ignored)}) : std::string();
  const std::string expected = joined({"0 to ", std::to_string(classes - 1), ignored}), found = std::to_string(label);
  const std::string place = joined({" at position ", std::to_string(position)});
  throw label_error(joined({"label ", found, place, " is no class: expected ", expected}), joined({"label", place}),
                    expected, found);
}

TENON_INLINE std::int64_t count_labels(const label_values& labels, std::int64_t count, std::int32_t classes,
                                       const attributes& loss, const float* reals) {
  const float* const weights = loss.class_weights.count == 0 ? nullptr : reals + loss.class_weights.begin;
  std::int64_t counted = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = labels[i];
    if (loss.has_ignored && label == loss.ignored) continue;
    if (label < 0 || label >= classes) refuse_label(label, i, classes, loss);
    counted += weights == nullptr || weights[label] > 0 ? 1 : 0;
  }
  return counted;
}

}  // namespace v0
}  // namespace tenon
