// SPDX-License-Identifier: Apache-2.0
// A memory report as text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/report/memory_figures.hpp"
#include "tenon/report/tensor_reason.hpp"
#include "tenon/report/text_table.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// The tensors that are alive at a step, the largest first.
inline std::vector<const reported_tensor*> alive_at(const memory_figures& figures, std::int32_t step) {
  std::vector<const reported_tensor*> found;
  for (const reported_tensor& tensor : figures.tensors) {
    if (tensor.first <= step && step <= tensor.last) found.push_back(&tensor);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const reported_tensor* a, const reported_tensor* b) { return a->bytes > b->bytes; });
  return found;
}

/// The scopes within a part that has several, in order of first use; of too many those that take little together.
inline std::vector<part_figures> inner_scopes(const memory_figures& figures, std::int32_t part, std::size_t most) {
  std::vector<part_figures> inner;
  for (const part_figures& scope : figures.scopes) {
    if (scope.part == part) inner.push_back(scope);
  }
  if (inner.size() < 2) inner.clear();
  if (inner.size() <= most) return inner;
  std::stable_sort(inner.begin(), inner.end(),
                   [](const part_figures& a, const part_figures& b) { return a.all_bytes() > b.all_bytes(); });
  part_figures rest;
  rest.name = std::to_string(inner.size() - most + 1) + " more";
  for (std::size_t i = most - 1; i < inner.size(); ++i) rest.add(inner[i]);
  inner.resize(most - 1);
  inner.push_back(std::move(rest));
  return inner;
}

inline void append_sizes(const memory_figures& figures, std::string& text) {
  const auto line = [&](std::string_view what, std::int64_t bytes, const std::string& note) {
    const std::string number = grouped_mebibytes(bytes);
    text += std::string(what) + std::string(34 - what.size(), ' ') +
            std::string(10 - std::min<std::size_t>(number.size(), 10), ' ') + number + " MiB" +
            (note.empty() ? "" : "   " + note) + "\n";
  };
  line("naive: nothing shared", figures.naive_bytes,
       "each of " + grouped(static_cast<std::int64_t>(figures.tensors.size())) + " tensors has memory of its own");
  line("planned: the arena", figures.arena_bytes, percent_text(figures.arena_bytes, figures.naive_bytes) + " % of it");
  line("lower bound", figures.lower_bound_bytes,
       "no placement of these steps takes less; the arena is " +
           percent_text(figures.arena_bytes - figures.lower_bound_bytes, figures.lower_bound_bytes) + " % above");
  if (!figures.steps.empty()) line("alive at the peak", figures.peak_bytes, figures.step_text(figures.peak_step));
  if (figures.trains) line("kept for the backward pass", figures.kept_bytes, "");
  line("parameters, running statistics", figures.parameter_bytes, "");
  line("packed weights", figures.packed_bytes, "");
  if (figures.gradient_bytes > 0) line("gradients kept", figures.gradient_bytes, "");
  if (figures.optimizer_bytes > 0) line("optimizer state", figures.optimizer_bytes, "");
  line("all together", figures.all_bytes(), "");
  text += "multiply-accumulates of a step: " + grouped(figures.macs);
  if (figures.recomputed_macs > 0)
    text += ", of these " + grouped(figures.recomputed_macs) + " compute again what was not kept (" +
            percent_text(figures.recomputed_macs, figures.macs - figures.recomputed_macs) + " % added)";
  text += "\n";
}

inline void append_parts(const memory_figures& figures, std::string& text) {
  std::vector<std::string> head{"MiB", "naive", "at the peak", "%"};
  if (figures.trains) head.emplace_back("kept");
  for (const char* each : {"weights, optimizer", "all", "%", "% of MACs"}) head.emplace_back(each);
  text_table table(std::move(head), 1);
  const auto row = [&](const std::string& name, const part_figures& part, std::int64_t all) {
    std::vector<std::string> cells{name, grouped_mebibytes(part.naive_bytes), grouped_mebibytes(part.peak_bytes),
                                   percent_text(part.peak_bytes, figures.peak_bytes)};
    if (figures.trains) cells.push_back(grouped_mebibytes(part.kept_bytes));
    for (const std::string& each : {grouped_mebibytes(part.outside_bytes), grouped_mebibytes(all),
                                    percent_text(all, figures.all_bytes()), percent_text(part.macs, figures.macs)})
      cells.push_back(each);
    table.add(std::move(cells));
  };
  part_figures sum;
  for (const part_figures& part : figures.parts) {
    row(part.name, part, part.all_bytes());
    for (const part_figures& scope : inner_scopes(figures, part.part, 8))
      row("  " + scope.name, scope, scope.all_bytes());
    sum.add(part);
  }
  part_figures gaps;
  row("not in use at the peak", gaps, figures.arena_bytes - figures.peak_bytes);
  row("sum", sum, figures.all_bytes());
  text += "\n" + table.text(2);
}

inline void append_tensors(const memory_figures& figures, std::size_t most, std::string& text) {
  if (figures.steps.empty()) return;
  text += "\nthe largest tensors at the peak\n";
  std::vector<const reported_tensor*> alive = alive_at(figures, figures.peak_step);
  if (alive.size() > most) alive.resize(most);
  for (const reported_tensor* tensor : alive) {
    text += grouped_mebibytes(tensor->bytes) + " MiB  " + tensor->name() + " (" + tensor->extents + ", steps " +
            std::to_string(tensor->first + 1) + " to " + std::to_string(tensor->last + 1) +
            "): " + reason_of(figures, *tensor) + "\n";
  }
}

inline void append_sweep(const memory_figures& figures, std::string& text) {
  if (figures.sweep.empty()) return;
  text_table table({"budget MiB", "arena MiB", "% of the first", "% MACs added"}, 0);
  for (const sweep_point& point : figures.sweep) {
    table.add({point.budget_bytes == 0 ? "none" : grouped_mebibytes(point.budget_bytes),
               grouped_mebibytes(point.arena_bytes), percent_text(point.arena_bytes, figures.sweep[0].arena_bytes),
               fixed_text(point.added_percent, 2)});
  }
  text += "\n" + table.text();
}

}  // namespace detail

/// A memory report for a terminal: the sizes, the parts of the network, the largest tensors at the peak with why they
/// are there, and the sweep if there is one.
inline std::string text_of(const memory_figures& figures, std::size_t largest_tensors = 12) {
  std::string text = figures.title + (figures.title.empty() ? "" : ": ") +
                     (figures.trains ? "a training step of " : "inference in ") + std::to_string(figures.steps.size()) +
                     " steps\n\n";
  detail::append_sizes(figures, text);
  detail::append_parts(figures, text);
  detail::append_tensors(figures, largest_tensors, text);
  detail::append_sweep(figures, text);
  return text;
}

/// What the report says of each tensor that a scope makes, forward and backward, one line a tensor: "backbone.e1" has
/// those of "backbone.e1.skip.0" too. Empty if there are none.
inline std::string explanation_of(const memory_figures& figures, std::string_view scope) {
  std::string text;
  for (const reported_tensor& tensor : figures.tensors) {
    if (!std::string_view(tensor.scope).starts_with(scope)) continue;
    if (tensor.scope.size() > scope.size() && !scope.empty() && tensor.scope[scope.size()] != '.') continue;
    text += tensor.name() + " (" + std::string(name_of(tensor.kind)) + ", " + tensor.extents + ", " +
            grouped_mebibytes(tensor.bytes) + " MiB, steps " + std::to_string(tensor.first + 1) + " to " +
            std::to_string(tensor.last + 1) + "): " + reason_of(figures, tensor) + "\n";
  }
  return text;
}

}  // namespace v0
}  // namespace tenon
