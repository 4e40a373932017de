// SPDX-License-Identifier: Apache-2.0
// Finds the figures of a memory report in a plan.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tenon/plan/plan.hpp"
#include "tenon/report/byte_shares.hpp"
#include "tenon/report/part_list.hpp"
#include "tenon/report/recomputation_cost.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Reads a plan. Everything is found from its graph and its placements alone, by none of the planner's code but the
/// live ranges.
class memory_analysis {
 public:
  memory_analysis(const plan_view& plan, std::vector<report_part> parts)
      : plan_(plan),
        graph_(plan.graph),
        ranges_(find_live_ranges(plan.graph)),
        listed_(list_parts(plan, part_finder(plan.graph, std::move(parts)))),
        step_of_(plan.graph.nodes.size() + 1, 0),
        tensor_of_(plan.graph.values.size(), -1),
        from_loss_(plan.graph.values.size(), 0) {}

  memory_figures run() {
    made_.parts = listed_.parts;
    made_.scopes = listed_.scopes;
    list_steps();
    list_tensors();
    group_tensors();
    explain_tensors();
    count_bytes();
    count_outside();
    return std::move(made_);
  }

 private:
  static std::size_t at(std::int32_t number) { return static_cast<std::size_t>(number); }
  bool in_arena(std::int32_t value) const { return plan_.placements[at(value)].space == memory_space::arena; }
  bool is_behind_loss(std::int32_t node) const { return plan_.loss_node >= 0 && node > plan_.loss_node; }

  std::int64_t bytes_at(std::int32_t value) const { return plan_.placements[at(value)].bytes; }

  void list_steps() {
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      step_of_[at(i)] = static_cast<std::int32_t>(made_.steps.size());
      const node& current = graph_.node_at(i);
      if (is_source(current.op)) continue;
      if (i == plan_.loss_node) made_.loss_step = step_of_[at(i)];
      reported_step step;
      step.operation = name_of(current.op);
      step.scope = graph_.text(current.scope);
      step.part = listed_.part_of[at(i)];
      step.macs = macs_of(graph_, current);
      step.part_bytes.assign(made_.parts.size(), 0);
      step.is_backward = is_behind_loss(i);
      made_.trains = made_.trains || phase_of(current.op) == phase::backward;
      made_.macs += step.macs;
      made_.parts[at(step.part)].macs += step.macs;
      made_.scopes[at(listed_.scope_of[at(i)])].macs += step.macs;
      made_.steps.push_back(std::move(step));
    }
    step_of_.back() = std::max(static_cast<std::int32_t>(made_.steps.size()) - 1, 0);
  }

  static std::string_view word_of(role of) {
    using enum role;
    constexpr std::pair<role, std::string_view> words[] = {{mean, "mean"},
                                                           {variance, "variance"},
                                                           {weight_gradient, "weights"},
                                                           {bias_gradient, "bias"},
                                                           {scale_gradient, "scale"},
                                                           {shift_gradient, "shift"},
                                                           {slope_gradient, "slope"},
                                                           {divisor, "divisor"}};
    for (const auto& [is, word] : words) {
      if (is == of) return word;
    }
    return {};
  }

  static bool is_parameter_gradient(role of) {
    return of == role::weight_gradient || of == role::bias_gradient || of == role::scale_gradient ||
           of == role::shift_gradient || of == role::slope_gradient || of == role::gradient_factor;
  }

  // A result of the backward pass is a gradient if the loss's gradient is in it; else the forward pass runs again.
  bool follows_from_loss(std::int32_t i, const node& current) const {
    if (!is_behind_loss(i)) return false;
    if (phase_of(current.op) == phase::backward || current.op == operation::fill) return true;
    for (std::int32_t o = 0; o < current.operands.count; ++o) {
      if (from_loss_[at(graph_.operand(current, o))] != 0) return true;
    }
    return false;
  }

  void list_tensors() {
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      const node& current = graph_.node_at(i);
      const bool from_loss = follows_from_loss(i, current);
      for (std::int32_t r = 0; r < current.results.count; ++r) {
        const std::int32_t value = current.results[r];
        from_loss_[at(value)] = from_loss ? 1 : 0;
        if (!in_arena(value) || bytes_at(value) == 0) continue;
        const bool is_scratch = current.attribute.has_workspace && r + 1 == current.results.count;
        const role is = result_slot(current, r).is;
        reported_tensor tensor;
        tensor.value = value;
        tensor.operation = name_of(current.op);
        tensor.what = is_scratch ? "workspace" : word_of(is);
        tensor.scope = graph_.text(current.scope);
        const shape& extents = graph_.value_at(value).extents;
        for (int d = 0; d < extents.rank; ++d) tensor.extents += (d > 0 ? " x " : "") + std::to_string(extents[d]);
        tensor.kind = is_source(current.op)       ? tensor_kind::given
                      : is_scratch                ? tensor_kind::workspace
                      : is_parameter_gradient(is) ? tensor_kind::parameter_gradient
                      : from_loss                 ? tensor_kind::gradient
                      : is_behind_loss(i)         ? tensor_kind::recomputed
                                                  : tensor_kind::activation;
        tensor.part = listed_.part_of[at(i)];
        tensor.scope_index = listed_.scope_of[at(i)];
        tensor.offset = plan_.placements[at(value)].offset;
        tensor.bytes = bytes_at(value);
        tensor.first = step_of_[at(ranges_.first.first[value])];
        tensor.last = step_of_[at(ranges_.last.first[value])];
        tensor.maker = is_source(current.op) ? -1 : step_of_[at(i)];
        tensor_of_[at(value)] = static_cast<std::int32_t>(made_.tensors.size());
        made_.tensors.push_back(std::move(tensor));
      }
    }
    for (const std::int32_t output : graph_.outputs) {
      if (tensor_of_[at(output)] >= 0) made_.tensors[at(tensor_of_[at(output)])].is_output = true;
    }
  }

  // Results and operands of one node that lie in the same bytes are of one group.
  void group_tensors() {
    std::vector<std::int32_t> outer(made_.tensors.size());
    std::iota(outer.begin(), outer.end(), 0);
    const auto root = [&](std::int32_t tensor) {
      while (outer[at(tensor)] != tensor) tensor = outer[at(tensor)] = outer[at(outer[at(tensor)])];
      return tensor;
    };
    for (const node& current : graph_.nodes) {
      for (std::int32_t r = 0; r < current.results.count; ++r) {
        for (std::int32_t o = 0; o < current.operands.count; ++o) {
          const std::int32_t a = tensor_of_[at(current.results[r])], b = tensor_of_[at(graph_.operand(current, o))];
          if (a < 0 || b < 0) continue;
          const reported_tensor &one = made_.tensors[at(a)], &other = made_.tensors[at(b)];
          if (one.offset < other.offset + other.bytes && other.offset < one.offset + one.bytes)
            outer[at(root(a))] = root(b);
        }
      }
    }
    for (std::size_t i = 0; i < outer.size(); ++i) made_.tensors[i].group = root(static_cast<std::int32_t>(i));
  }

  void explain_tensors() {
    recomputation_finder finder(plan_, ranges_);
    for (std::int32_t i = 0; i < graph_.node_count(); ++i) {
      const node& current = graph_.node_at(i);
      if (is_source(current.op)) continue;
      for (std::int32_t o = 0; o < current.operands.count; ++o) {
        const std::int32_t number = tensor_of_[at(graph_.operand(current, o))];
        if (number < 0) continue;
        reported_tensor& read = made_.tensors[at(number)];
        read.last_reader = step_of_[at(i)];
        if (is_behind_loss(i) && read.first_backward_reader < 0) {
          read.first_backward_reader = step_of_[at(i)];
          if (read.kind != tensor_kind::activation || read.value == plan_.loss) continue;
          read.is_kept = true;
          read.to_recompute = finder.before(read.value, i);
        }
      }
    }
    // What is recomputed is found by what makes it, by its scope, extents and parameters.
    std::map<std::tuple<std::string, std::string, std::string, std::int32_t>, std::size_t> forward;
    for (std::size_t i = 0; i < made_.tensors.size(); ++i) {
      reported_tensor& tensor = made_.tensors[i];
      const node& maker = graph_.node_at(graph_.value_at(tensor.value).producer);
      std::string operation(name_of(maker.op));
      for (const std::string_view ending : {"_training", "_given"}) {
        if (operation.ends_with(ending)) operation.resize(operation.size() - ending.size());
      }
      const std::int32_t weight = graph_.operand(maker, role::weight);
      const std::tuple key(std::move(operation), tensor.scope, tensor.extents, weight);
      if (tensor.kind == tensor_kind::activation && tensor.what.empty() && !tensor.is_kept) {
        forward.try_emplace(key, i);
      } else if (tensor.kind == tensor_kind::recomputed) {
        tensor.to_recompute = {1, macs_of(graph_, maker), tensor.bytes};
        made_.recomputed_macs += tensor.what.empty() ? tensor.to_recompute.macs : 0;
        const auto found = forward.find(key);
        if (found == forward.end() || made_.tensors[found->second].recomputed_at >= 0) continue;
        made_.tensors[found->second].recomputed_at = tensor.maker;
      }
    }
  }

  void count_bytes() {
    made_.arena_bytes = plan_.arena_bytes;
    const auto count = static_cast<std::int32_t>(made_.tensors.size());
    std::vector<std::vector<std::int32_t>> beginning(made_.steps.size());
    for (std::int32_t i = 0; i < count; ++i) {
      const reported_tensor& tensor = made_.tensors[at(i)];
      if (!made_.steps.empty()) beginning[at(tensor.first)].push_back(i);
      if (tensor.kind == tensor_kind::recomputed) continue;
      made_.naive_bytes += tensor.bytes;
      made_.parts[at(tensor.part)].naive_bytes += tensor.bytes;
      made_.scopes[at(tensor.scope_index)].naive_bytes += tensor.bytes;
    }
    std::vector<std::int32_t> alive, at_peak, kept;
    for (std::size_t step = 0; step < made_.steps.size(); ++step) {
      reported_step& present = made_.steps[step];
      alive.insert(alive.end(), beginning[step].begin(), beginning[step].end());
      share_out(made_.tensors, alive, [&](std::int32_t tensor, std::int64_t bytes) {
        present.live_bytes += bytes;
        present.part_bytes[at(made_.tensors[at(tensor)].part)] += bytes;
      });
      if (present.live_bytes > made_.peak_bytes) {
        made_.peak_bytes = present.live_bytes;
        made_.peak_step = static_cast<std::int32_t>(step);
        at_peak = alive;
      }
      std::erase_if(alive,
                    [&](std::int32_t i) { return made_.tensors[at(i)].last <= static_cast<std::int32_t>(step); });
    }
    share_out(made_.tensors, at_peak, [&](std::int32_t tensor, std::int64_t bytes) {
      made_.parts[at(made_.tensors[at(tensor)].part)].peak_bytes += bytes;
      made_.scopes[at(made_.tensors[at(tensor)].scope_index)].peak_bytes += bytes;
    });
    for (std::int32_t i = 0; i < count; ++i) {
      if (made_.tensors[at(i)].is_kept) kept.push_back(i);
    }
    share_out(made_.tensors, kept, [&](std::int32_t tensor, std::int64_t bytes) {
      made_.kept_bytes += bytes;
      made_.parts[at(made_.tensors[at(tensor)].part)].kept_bytes += bytes;
      made_.scopes[at(made_.tensors[at(tensor)].scope_index)].kept_bytes += bytes;
    });
  }

  // What lies in other spaces than the arena: once for each value, or for each place of packed weights.
  void count_outside() {
    made_.parameter_bytes = plan_.parameter_bytes + plan_.buffer_bytes;
    made_.packed_bytes = plan_.packed_bytes;
    made_.gradient_bytes = plan_.gradient_bytes;
    made_.optimizer_bytes = plan_.optimizer_bytes;
    const auto count = [&](std::size_t node, std::int64_t bytes) {
      made_.parts[at(listed_.part_of[node])].outside_bytes += bytes;
      made_.scopes[at(listed_.scope_of[node])].outside_bytes += bytes;
    };
    std::map<std::int64_t, std::size_t> packed;  // by offset, the first node
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const node& current = graph_.nodes[i];
      if (plan_.packed[i] >= 0) packed.try_emplace(plan_.packed[i], i);
      const bool is_stored = current.op == operation::parameter || current.op == operation::buffer;
      if (is_stored || current.op == operation::state) count(i, bytes_at(current.results[0]));
      if (current.op == operation::parameter && current.attribute.trainable && plan_.gradient_bytes > 0)
        count(i, bytes_at(current.results[0]));
    }
    for (auto place = packed.begin(); place != packed.end(); ++place) {
      const auto next = std::next(place);
      count(place->second, (next == packed.end() ? plan_.packed_bytes : next->first) - place->first);
    }
  }

  plan_view plan_;
  graph_view graph_;
  live_ranges ranges_;
  part_list listed_;
  std::vector<std::int32_t> step_of_;    // of each node
  std::vector<std::int32_t> tensor_of_;  // of each value, or -1
  std::vector<char> from_loss_;
  memory_figures made_;
};

}  // namespace detail
}  // namespace v0
}  // namespace tenon
