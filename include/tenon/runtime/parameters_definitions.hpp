// SPDX-License-Identifier: Apache-2.0
// What parameters.hpp declares.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "tenon/runtime/parameters.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE void fill_store(parameter_store& store, const weight_file& from) { store.load(from.path); }
TENON_INLINE void fill_store(parameter_store& store, const initialization& how) { store.start(how); }
TENON_INLINE void fill_store(parameter_store& store, const partial_weight_file& from) {
  store.start(from.rest);
  load_report report = load_partly(store, from.path, from.how);
  if (from.report != nullptr) *from.report = std::move(report);
}

TENON_INLINE std::shared_ptr<parameter_store> share_store(const parameter_table& table,
                                                          const std::shared_ptr<parameter_store>& store) {
  const auto check = [](std::span<const parameter_description> wanted, std::span<const parameter_description> there) {
    for (std::size_t i = 0; i < wanted.size() && i < there.size(); ++i) {
      if (wanted[i].name == there[i].name && wanted[i].extents == there[i].extents) continue;
      const auto described = [](const parameter_description& entry) {
        const auto rank = static_cast<std::size_t>(entry.extents.rank);
        return joined({entry.name, " (", extents_to_text(entry.extents.extents, rank), ")"});
      };
      const std::string expected = described(wanted[i]), found = described(there[i]);
      throw weight_error(joined({"shared parameters do not fit: expected ", expected, ", found ", found}),
                         std::string(wanted[i].name), expected, found);
    }
    if (wanted.size() != there.size()) {
      const std::string expected = std::to_string(wanted.size()), found = std::to_string(there.size());
      throw weight_error(
          joined({"shared parameters are of another network: expected ", expected, " tensors, found ", found}),
          "parameters", expected, found);
    }
  };
  check(table.parameters, store->table().parameters);
  check(table.buffers, store->table().buffers);
  return store;
}

}  // namespace v0
}  // namespace tenon
