// SPDX-License-Identifier: Apache-2.0
// The memory report of a plan, a predictor or a trainer: where its memory goes, and why; as text, JSON or a page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/plan/lower_bound.hpp"
#include "tenon/plan/plan_of.hpp"
#include "tenon/report/memory_analysis.hpp"
#include "tenon/report/memory_html.hpp"
#include "tenon/report/memory_json.hpp"
#include "tenon/report/memory_text.hpp"

namespace tenon {
inline namespace v0 {

/// How a report is made.
struct report_options {
  std::string title{};               ///< of the page
  std::vector<report_part> parts{};  ///< what it counts by; none: the first components of the parameters' names
};

/// Where the memory of a network goes. It owns what it says, and outlives the plan.
///
///     using plan = tenon::plan_of<net, tenon::image<1, 3, 360, 480>, tenon::cross_entropy<>, tenon::sgd<>>;
///     const tenon::memory_report report = tenon::report_memory<plan>({.title = "U-Net"});
///     std::cout << report.text() << report.explain("downs.0");
struct memory_report : memory_figures {
  /// For a terminal, with so many of the largest tensors at the peak.
  std::string text(std::size_t largest_tensors = 12) const { return text_of(*this, largest_tensors); }
  /// Why each tensor that a scope makes is in memory, one line a tensor. Empty if it makes none.
  std::string explain(std::string_view scope) const { return explanation_of(*this, scope); }
  /// One JSON object; see json_of.
  std::string json() const { return json_of(*this); }
  /// One page with pictures; see html_of.
  std::string html() const { return html_of(*this); }
};

/// The report of any plan of a backend with these capabilities.
template <class Capabilities>
memory_report report_memory_of(const plan_view& plan, const report_options& options = {}) {
  memory_report report{detail::memory_analysis(plan, options.parts).run()};
  report.lower_bound_bytes = find_lower_bound<Capabilities>(plan);
  report.title = options.title;
  return report;
}

/// The report of a plan_of, or of a predictor's or a trainer's type. It is made while the program runs, in some
/// milliseconds; the plan itself is a constant.
template <class Plan>
memory_report report_memory(const report_options& options = {}) {
  return report_memory_of<typename Plan::capabilities>(Plan::view(), options);
}

/// The report of a predictor or a trainer, dynamic ones too: `report_memory(net)`.
template <class Network>
requires requires(const Network& network) { network.execution().plan(); }
memory_report report_memory(const Network& network, const report_options& options = {}) {
  return report_memory_of<typename Network::capabilities>(network.execution().plan(), options);
}

}  // namespace v0
}  // namespace tenon
