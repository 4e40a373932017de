// SPDX-License-Identifier: Apache-2.0
// What call_order.hpp declares.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/core/ordering.hpp"
#include "tenon/runtime/call_order.hpp"

namespace tenon {
inline namespace v0 {

TENON_INLINE call_order::call_order(const graph_view& constant, const graph_view& run_time) {
  if (is_same(constant, run_time)) return;
  std::vector<std::int32_t> meant(run_time.nodes.size(), -1);
  std::vector<char> taken(constant.nodes.size(), 0);
  match(constant, run_time, meant, taken);
  match_rest(constant, run_time, meant, taken);
  for (std::int32_t i = 0; i < run_time.node_count(); ++i) {
    const node& here = run_time.node_at(i);
    entry made{here.op, std::string(run_time.text(here.scope)), {}, 0, meant[static_cast<std::size_t>(i)]};
    if (is_named(here) && made.position >= 0) {
      const node& there = constant.node_at(made.position);
      made.meant = constant.text(there.scope);
      made.index = there.attribute.index;
    }
    entries_.push_back(std::move(made));
  }
}

struct call_order::named_node {
  const entry* meant;
  node* in;  ///< the graph that is being changed
};

TENON_INLINE growing_graph call_order::apply(growing_graph graph) const {
  if (!differs()) return graph;
  const std::vector<const entry*> meant = align(graph.view());
  for (const operation kind : {operation::parameter, operation::buffer}) {
    list<named_node> found;
    for (std::size_t i = 0; i < meant.size(); ++i) {
      if (graph.nodes[i].op == kind) found.push_back({meant[i], &graph.nodes[i]});
    }
    sort_elements(found.data(), found.size(),
                  [](const named_node& a, const named_node& b) { return a.meant->index < b.meant->index; });
    std::int32_t index = 0;
    for (const named_node& each : found) {
      each.in->attribute.index = index++;
      each.in->scope = graph.store(each.meant->meant);
    }
  }
  return sorted(graph.view(), meant);
}

TENON_INLINE bool call_order::is_same(const graph_view& a, const graph_view& b) {
  const auto same_node = [&](const node& x, const node& y) {
    return x.op == y.op && x.operands.count == y.operands.count && (!is_named(x) || a.text(x.scope) == b.text(y.scope));
  };
  return std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(), same_node) &&
         std::equal(a.operands.begin(), a.operands.end(), b.operands.begin(), b.operands.end()) &&
         std::equal(a.outputs.begin(), a.outputs.end(), b.outputs.begin(), b.outputs.end());
}

TENON_INLINE void call_order::match(const graph_view& constant, const graph_view& run_time,
                                    std::vector<std::int32_t>& meant, std::vector<char>& taken) {
  std::vector<std::pair<std::int32_t, std::int32_t>> open;
  for (std::size_t i = 0; i < std::min(constant.outputs.size(), run_time.outputs.size()); ++i) {
    open.push_back({constant.outputs[i], run_time.outputs[i]});
  }
  while (!open.empty()) {
    const std::int32_t there = constant.value_at(open.back().first).producer;
    const std::int32_t here = run_time.value_at(open.back().second).producer;
    open.pop_back();
    const node &x = constant.node_at(there), &y = run_time.node_at(here);
    if (meant[static_cast<std::size_t>(here)] >= 0) continue;
    if (x.op != y.op || x.operands.count != y.operands.count) continue;  // an unfinished graph of a wrong network
    meant[static_cast<std::size_t>(here)] = there;
    taken[static_cast<std::size_t>(there)] = 1;
    for (int i = 0; i < x.operands.count; ++i) open.push_back({constant.operand(x, i), run_time.operand(y, i)});
  }
}

TENON_INLINE void call_order::match_rest(const graph_view& constant, const graph_view& run_time,
                                         std::vector<std::int32_t>& meant, std::vector<char>& taken) {
  for (const bool by_name : {true, false}) {
    for (std::size_t here = 0; here < meant.size(); ++here) {
      const node& y = run_time.nodes[here];
      if (!is_named(y)) continue;
      for (std::size_t there = 0; there < taken.size() && meant[here] < 0; ++there) {
        const node& x = constant.nodes[there];
        if (x.op != y.op || taken[there] != 0) continue;
        if (constant.result_value(x).extents != run_time.result_value(y).extents) continue;
        if (by_name && constant.text(x.scope) != run_time.text(y.scope)) continue;
        meant[here] = static_cast<std::int32_t>(there);
        taken[there] = 1;
      }
    }
  }
}

TENON_INLINE std::vector<const call_order::entry*> call_order::align(const graph_view& graph) const {
  std::vector<const entry*> found(graph.nodes.size(), nullptr);
  std::size_t next = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const node& here = graph.nodes[i];
    const std::string_view scope = graph.text(here.scope);
    const auto fits = [&](const entry& each) { return each.op == here.op && each.called == scope; };
    if (is_named(here)) {
      const auto named = std::find_if(entries_.begin(), entries_.end(), fits);
      if (named == entries_.end() || named->position < 0) throw_unknown(scope);
      next = static_cast<std::size_t>(named - entries_.begin());
    }
    for (std::size_t k = next; k < entries_.size() && found[i] == nullptr; ++k) {
      if (fits(entries_[k])) {
        found[i] = &entries_[k];
        next = k + 1;
      }
      const bool is_parameter = entries_[k].op == operation::parameter || entries_[k].op == operation::buffer;
      if (is_parameter && !is_named(here)) break;
    }
  }
  return found;
}

TENON_INLINE growing_graph call_order::sorted(const graph_view& graph, const std::vector<const entry*>& meant) {
  std::vector<std::int32_t> keys(graph.nodes.size(), 0);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const node& each = graph.nodes[i];
    for (int o = 0; o < each.operands.count; ++o) {
      keys[i] = std::max(keys[i], keys[static_cast<std::size_t>(graph.operand_value(each, o).producer)]);
    }
    // Never before an operand.
    if (meant[i] != nullptr) keys[i] = std::max(keys[i], meant[i]->position);
  }
  list<std::int32_t> order;
  for (std::int32_t i = 0; i < graph.node_count(); ++i) order.push_back(i);
  sort_elements(order.data(), order.size(), [&](std::int32_t a, std::int32_t b) {
    return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
  });
  graph_copy copy(graph);
  for (const std::int32_t i : order) copy.copy(graph.node_at(i));
  copy.copy_outputs();
  return std::move(copy.to);
}

TENON_INLINE void call_order::throw_unknown(std::string_view called) {
  const std::string name(called);
  throw weight_error("which parameter is \"" + name +
                         "\" depends on the order of calls, which is not known for this size: write locals instead "
                         "of several calls in one list of arguments",
                     name);
}

}  // namespace v0
}  // namespace tenon
