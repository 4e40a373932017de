// SPDX-License-Identifier: Apache-2.0
// The parts that a memory report counts by: scopes of the network, as it finds them or as they are given.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/graph/graph.hpp"

namespace tenon {
inline namespace v0 {

/// A part of a network: what lies in these scopes, "backbone" or "backbone.e1", and does not lie in a longer one of
/// another part.
struct report_part {
  std::string name;
  std::vector<std::string> scopes;
};

namespace detail {

/// The first `count` components of a scope: "downs.0" of "downs.0.1.weight" for 2.
inline std::string_view first_components(std::string_view scope, int count) {
  std::size_t end = 0;
  for (int i = 0; i < count && end < scope.size(); ++i) end = std::min(scope.find('.', end + 1), scope.size());
  return scope.substr(0, end);
}

inline bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

inline bool lies_in(std::string_view scope, std::string_view outer) {
  return scope.starts_with(outer) && (scope.size() == outer.size() || scope[outer.size()] == '.');
}

/// Whether an operation belongs to a loss, or is the gradient of one.
inline bool is_of_loss(operation op) {
  if (is_loss(op)) return true;
  for (const operation_traits& row : table::rows) {
    if (row.phase == phase::loss && row.gradient_operation == op && op != operation::fill) return true;
  }
  return false;
}

/// Says of each node in which part it lies. Parts that are not given are the first components of the parameters' names,
/// or so many components that there are several. Besides there are inputs and targets, losses, and what has no name.
class part_finder {
 public:
  static constexpr std::string_view given_name = "inputs and targets", loss_name = "loss", unnamed = "unnamed layers";

  /// Whether a part is none of the network's own.
  static bool is_besides(std::string_view part) { return part == given_name || part == loss_name || part == unnamed; }

  part_finder(const graph_view& graph, std::vector<report_part> parts) : graph_(graph), parts_(std::move(parts)) {
    scopes_of_parameters_.resize(graph.nodes.size());
    for (const node& current : graph.nodes) {
      if (current.op != operation::parameter) continue;
      const auto index = static_cast<std::size_t>(current.attribute.index);
      if (scopes_of_parameters_.size() <= index) scopes_of_parameters_.resize(index + 1);
      scopes_of_parameters_[index] = graph.text(current.scope);
    }
    if (!parts_.empty()) return;
    for (int depth = 1; depth <= 4 && parts_.size() < 2; ++depth) find_parts(depth);
    if (parts_.size() < 2) find_parts(1);
  }

  /// The part of a node.
  std::string of(const node& current) const {
    if (current.op == operation::input || current.op == operation::target) return std::string(given_name);
    if (is_of_loss(current.op)) return std::string(loss_name);
    const std::string_view scope = scope_of(current);
    const report_part* found = nullptr;
    std::size_t longest = 0;
    for (const report_part& part : parts_) {
      for (const std::string& outer : part.scopes) {
        if (!lies_in(scope, outer) || (found != nullptr && outer.size() <= longest)) continue;
        found = &part;
        longest = outer.size();
      }
    }
    return found != nullptr ? found->name : std::string(unnamed);
  }

  /// The scope of the layer of a node, without the parameter's own name.
  std::string_view layer_of(const node& current) const {
    const std::string_view scope = scope_of(current);
    const bool is_named = current.op == operation::parameter || current.op == operation::buffer ||
                          current.op == operation::state || current.op == operation::gradient_sum ||
                          (is_update(current.op) && current.op != operation::running_statistics) ||
                          current.op == operation::accumulate;
    return is_named ? scope.substr(0, std::min(scope.rfind('.'), scope.size())) : scope;
  }

  /// The scope of a node; of optimizer state and sums of gradients the parameter's.
  std::string_view scope_of(const node& current) const {
    if (current.op != operation::state && current.op != operation::gradient_sum) return graph_.text(current.scope);
    return scopes_of_parameters_[static_cast<std::size_t>(current.attribute.index)];
  }

 private:
  void find_parts(int depth) {
    parts_.clear();
    for (const bool numbers : {false, true}) {
      for (const std::string_view name : scopes_of_parameters_) {
        const std::string_view layer = name.substr(0, std::min(name.rfind('.'), name.size()));
        const std::string part(first_components(layer, depth));
        if (part.empty() || (!numbers && is_number(part))) continue;
        if (std::none_of(parts_.begin(), parts_.end(), [&](const report_part& each) { return each.name == part; }))
          parts_.push_back({part, {part}});
      }
      if (!parts_.empty()) return;
    }
  }

  graph_view graph_;
  std::vector<report_part> parts_;
  std::vector<std::string_view> scopes_of_parameters_;
};

}  // namespace detail
}  // namespace v0
}  // namespace tenon
