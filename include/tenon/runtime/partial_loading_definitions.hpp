// SPDX-License-Identifier: Apache-2.0
// What partial_loading.hpp declares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/io/stored_values.hpp"
#include "tenon/runtime/partial_loading.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE std::string load_report::text() const {
  std::string result = joined({"loaded: ", std::to_string(loaded.size()), "\n"});
  const auto add = [&](std::string_view what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    result += joined({what, ": ", std::to_string(names.size()), "\n"});
    for (const std::string& name : names) result += joined({"  ", name, "\n"});
  };
  add("not in the file, kept as they were", missing);
  add("in the file, but not in the network", unused);
  add("skipped", skipped);
  return result;
}

namespace detail {

/// Whether a name has a pattern's form: * stands for any characters, ? for one.
constexpr bool matches_pattern(std::string_view pattern, std::string_view name) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t at = 0, star = none, retry = 0;
  for (std::size_t i = 0; i < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      retry = i;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[i])) {
      ++at;
      ++i;
    } else if (star != none) {
      at = star + 1;
      i = ++retry;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

/// Whether a pattern names a tensor or a scope that it is in.
constexpr bool names_tensor(std::string_view pattern, std::string_view name) {
  for (std::size_t end = 0; end <= name.size(); ++end) {
    if ((end == name.size() || name[end] == '.') && matches_pattern(pattern, name.substr(0, end))) return true;
  }
  return false;
}

/// The names that `skip` leaves out.
class skipped_names {
 public:
  explicit skipped_names(const std::vector<std::string>& patterns)
      : patterns_(patterns), has_matched_(patterns.size(), 0) {}

  [[gnu::cold]] bool contains(std::string_view name) {
    bool result = false;
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      if (!names_tensor(patterns_[i], name)) continue;
      has_matched_[i] = 1;
      result = true;
    }
    return result;
  }
  /// Throws weight_error for a pattern that has named nothing: it is misspelt.
  [[gnu::cold]] void check_use(const std::string& path) const {
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      if (has_matched_[i] != 0) continue;
      throw weight_error(joined({path, ": \"", patterns_[i],
                                 "\" is to be skipped, but names no tensor of the network or of the file"}),
                         patterns_[i]);
    }
  }

 private:
  const std::vector<std::string>& patterns_;
  std::vector<char> has_matched_;
};

/// A file's tensors under the network's names.
class renamed_tensors {
 public:
  /// Throws weight_error for two tensors that get the same name.
  [[gnu::cold]] renamed_tensors(const safetensors_file& file, const std::vector<renamed_prefix>& rename) {
    for (const stored_tensor& tensor : file.tensors()) {
      std::string name = tensor.name;
      for (const renamed_prefix& prefix : rename) {
        if (!name.starts_with(prefix.from)) continue;
        name.replace(0, prefix.from.size(), prefix.to);
        break;
      }
      entry& place = tensors_[name];
      if (place.tensor != nullptr) {
        throw weight_error(joined({file.path(), ": tensors \"", place.tensor->name, "\" and \"", tensor.name,
                                   "\" both become \"", name, "\""}),
                           tensor.name);
      }
      place.tensor = &tensor;
    }
  }

  struct entry {
    const stored_tensor* tensor = nullptr;
    bool is_known = false;  ///< whether the network has a tensor of that name
  };

  const std::map<std::string, entry>& all() const { return tensors_; }
  /// The tensor of that name, which the network has, or nullptr.
  const stored_tensor* find_known(const std::string& name) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) return nullptr;
    found->second.is_known = true;
    return found->second.tensor;
  }

 private:
  std::map<std::string, entry> tensors_;
};

}  // namespace detail

TENON_INLINE load_report load_partly(parameter_store& store, const std::string& path, const partial& how) {
  const safetensors_file file(path);
  detail::renamed_tensors tensors(file, how.rename);
  detail::skipped_names skip(how.skip);
  load_report report;

  std::string expected;  // the first of the names by which the network calls its tensors
  const auto note = [&](const std::string& name, bool is_counter) -> const stored_tensor* {
    if (expected.empty() || name < expected) expected = name;
    const stored_tensor* const tensor = tensors.find_known(name);
    if (skip.contains(name)) {
      report.skipped.emplace_back(name);
      return nullptr;
    }
    if (tensor != nullptr) {
      report.loaded.emplace_back(name);
    } else if (!is_counter) {
      report.missing.emplace_back(name);
    }
    return tensor;
  };
  // One for each visit, in the order of the visits.
  std::vector<const stored_tensor*> taken;
  store.for_each_tensor([&](const parameter_description& entry, std::span<float>) {
    taken.push_back(note(std::string(entry.name), false));
  });
  store.for_each_counter([&](const std::string& name, std::int64_t&) { taken.push_back(note(name, true)); });
  for (const auto& [name, found] : tensors.all()) {
    if (found.is_known) continue;
    if (skip.contains(name)) {
      report.skipped.push_back(name);
    } else {
      report.unused.push_back(found.tensor->name);
    }
  }
  skip.check_use(path);  // first: a misspelt one is why a tensor that does not fit is there
  auto next = taken.begin();
  store.for_each_tensor([&](const parameter_description& entry, std::span<float>) {
    if (*next != nullptr) parameter_store::require_fitting(path, entry, **next, true);
    ++next;
  });
  store.for_each_counter([&](const std::string& name, std::int64_t&) {
    if (*next != nullptr) parameter_store::require_counter(path, name, **next);
    ++next;
  });
  if (report.loaded.empty()) {
    const std::string found = file.tensors().empty() ? "none" : file.tensors().front().name;
    if (expected.empty()) expected = "none";
    throw weight_error(joined({path, ": no tensor would be taken; the file has \"", found, "\" for one, the network \"",
                               expected, "\""}),
                       path, expected, found);
  }

  next = taken.begin();
  store.for_each_tensor([&](const parameter_description&, std::span<float> values) {
    if (*next != nullptr) copy_as_float(**next, values);
    ++next;
  });
  store.for_each_counter([&](const std::string&, std::int64_t& counter) {
    if (*next != nullptr) counter = *stored_whole_number(**next);
    ++next;
  });
  store.changed();
  return report;
}

}  // namespace v0
}  // namespace tenon
