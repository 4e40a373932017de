// SPDX-License-Identifier: Apache-2.0
// A planned graph, run by the reference kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <span>
#include <vector>

#include "tenon/backends/host_memory.hpp"
#include "tenon/backends/operand.hpp"
#include "tenon/backends/reference/capabilities.hpp"
#include "tenon/backends/reference/execute.hpp"

namespace tenon {
inline namespace v0 {
namespace reference {

/// Runs a plan in elements of T by one thread. In a program of double every element of 4 bytes is stored as 8, so that
/// each space is twice as great and offsets are doubled; class labels remain consecutive std::int32_t at the start of
/// theirs. The runtime makes programs of float alone.
template <class T = float>
class program : public host_memory {
 public:
  /// Bytes that stand where the plan has one.
  static constexpr int scale = static_cast<int>(sizeof(T) / sizeof(float));

  /// `plan` must outlive the program. The thread count is taken for the sake of other backends' likeness.
  explicit program(const plan_view& plan, int /*threads*/ = 1) : host_memory(plan, capabilities::alignment, scale) {}

  /// Bytes of scratchpad wanted in `memory`.
  std::size_t scratchpad_bytes() const { return 0; }

  /// Allocates the memory to work in; see host_memory. Throws allocation_error.
  void make_memory(std::byte* parameters, const lent_arena& lent = {}) {
    allocate_spaces(parameters, lent, 0);
    bind(spaces_);
  }

  /// Sets memory of somebody else's to work in. Each space has `scale` times its planned bytes.
  void bind(const memory& spaces) {
    bound_.clear();
    spaces_ = spaces;
    auto last = bound_.before_begin();
    for (const node& each : plan_.graph.nodes) {
      if (is_source(each.op)) continue;
      last = bound_.emplace_after(last);
      last->index = static_cast<std::int32_t>(&each - plan_.graph.nodes.data());
      last->tensors.reserve(static_cast<std::size_t>(each.operands.count + each.results.count));
      for (int i = 0; i < each.operands.count; ++i) last->tensors.push_back(operand_of(plan_.graph.operand(each, i)));
      for (int i = 0; i < each.results.count; ++i) last->tensors.push_back(operand_of(each.results[i]));
    }
  }

  /// Brings weights into kernels' layouts: here there is nothing to do.
  void pack() {}

  /// Runs nodes first_node to last_node - 1.
  /// requires: there is memory.
  void run(std::int32_t first_node, std::int32_t last_node, const step_arguments& arguments = {}) {
    for (const bound_node& each : bound_) {
      if (each.index < first_node || each.index >= last_node) continue;
      const node& of = plan_.graph.node_at(each.index);
      const std::span<const operand> tensors = each.tensors;
      const auto operand_count = static_cast<std::size_t>(of.operands.count);
      execute<T>(plan_.graph, of, tensors.first(operand_count), tensors.subspan(operand_count), arguments);
    }
  }

 private:
  // A node's operands, then its results: one small allocation a node rather than one great one.
  struct bound_node {
    std::int32_t index = 0;
    std::vector<operand> tensors;
  };

  std::forward_list<bound_node> bound_;
};

}  // namespace reference
}  // namespace v0
}  // namespace tenon
