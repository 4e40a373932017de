// SPDX-License-Identifier: Apache-2.0
// Loading a part of a network's weights, or weights under other names, with a report of what was taken.
#pragma once

#include <string>
#include <vector>

#include "tenon/core/separate.hpp"
#include "tenon/runtime/parameter_store.hpp"

namespace tenon {
inline namespace v0 {

/// How the beginning of a name in a file becomes the beginning of a name in the network.
struct renamed_prefix {
  std::string from, to;
};

/// Lets a file have less than the network, or more:
///
///     tenon::load_report report = net.load("resnet.safetensors", {.rename = {{"module.", ""}}, .skip = {"fc"}});
///
/// Values that are not taken stay as they are. A tensor that is taken must have its parameter's shape.
struct partial {
  /// Of these the first that a tensor's name in the file begins with is replaced: {"module.", ""} takes a prefix off,
  /// {"", "backbone."} puts one on, {"features.", "encoder."} changes one. Other names stay.
  std::vector<renamed_prefix> rename{};
  /// What is not taken, by the network's names: a tensor ("fc.weight") or all below a name ("fc"); * stands for any
  /// characters, ? for one.
  std::vector<std::string> skip{};
};

/// What loading took and what not. Names are the network's, but for those in `unused`.
struct load_report {
  std::vector<std::string> loaded;   ///< took the file's values
  std::vector<std::string> missing;  ///< not in the file; kept their values (a missing num_batches_tracked is not told)
  std::vector<std::string> unused;   ///< tensors of the file, by its names, that the network does not have
  std::vector<std::string> skipped;  ///< left out because `skip` names them

  /// Some lines for people: the count of tensors loaded, then the names of the others.
  std::string text() const;
};

/// Replaces the values that a safetensors file has and `how` lets it, or none. Throws file_error, format_error, and
/// weight_error for a tensor that does not fit its parameter, two that get the same name, a `skip` that names nothing,
/// and a file of which nothing would be taken.
load_report load_partly(parameter_store& store, const std::string& path, const partial& how);

}  // namespace v0
}  // namespace tenon

#ifndef TENON_SEPARATE_COMPILATION
#  include "tenon/runtime/partial_loading_definitions.hpp"
#endif
