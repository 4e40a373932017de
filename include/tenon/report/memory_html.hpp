// SPDX-License-Identifier: Apache-2.0
// A memory report as one HTML file, with its pictures in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/report/memory_profile.hpp"
#include "tenon/report/memory_text.hpp"
#include "tenon/report/memory_timeline.hpp"
#include "tenon/report/sweep_plot.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

inline constexpr std::string_view page_style = R"(
body { font: 15px/1.45 sans-serif; color: #1a1a1a; background: #ffffff; margin: 24px auto; max-width: 1300px; padding: 0 10px; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 30px 0 8px; } p { margin: 6px 0; max-width: 75em; }
table { border-collapse: collapse; font-size: 14px; } th, td { padding: 3px 10px; text-align: right; vertical-align: top; }
th { border-bottom: 1px solid #888; font-weight: 600; } tr.part td { border-top: 1px solid #ddd; font-weight: 600; }
tr.sum td { border-top: 1px solid #888; font-weight: 600; } td.name, th.name { text-align: left; } tr.scope td.name { padding-left: 34px; }
.swatch { display: inline-block; width: 14px; height: 14px; margin-right: 8px; vertical-align: -2px; }
.bar { height: 16px; min-width: 1px; background: #0072b2; } .sizes td { vertical-align: middle; } .track { width: 480px; }
.item { display: inline-block; margin: 0 18px 4px 0; } svg { max-width: 100%; height: auto; }
td.fixed { white-space: nowrap; } .reason { text-align: left; min-width: 340px; max-width: 620px; } details { margin: 8px 0; } summary { cursor: pointer; }
)";

inline std::string cell(std::string_view text, std::string_view kind = {}) {
  return (kind.empty() ? std::string("<td>") : "<td class=\"" + std::string(kind) + "\">") + escaped(text) + "</td>";
}

/// Writes the page, one section after the other.
class memory_page {
 public:
  explicit memory_page(const memory_figures& figures) : figures_(figures), colors_(colors_of(figures)) {}

  std::string html() {
    const std::string title = figures_.title.empty() ? "memory of a network" : figures_.title;
    text_ =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
        "<meta name=\"viewport\" content=\"width=device-width\"/><title>" +
        escaped(title) + "</title>\n<style>" + std::string(page_style) + "</style></head>\n<body><h1>" +
        escaped(title) + "</h1>\n";
    text_ += "<p>" + std::string(figures_.trains ? "A training step" : "Inference") + " of " +
             grouped(static_cast<std::int64_t>(figures_.steps.size())) + " steps and " +
             grouped(static_cast<std::int64_t>(figures_.tensors.size())) + " tensors, " + grouped(figures_.macs) +
             " multiply-accumulates" +
             (figures_.recomputed_macs > 0
                  ? ", " + percent_text(figures_.recomputed_macs, figures_.macs - figures_.recomputed_macs) +
                        " % of them added to compute again what is not kept"
                  : std::string()) +
             ".</p>\n";
    sizes();
    parts();
    pictures();
    sweep();
    tensors();
    return text_ + "</body></html>\n";
  }

 private:
  void sizes() {
    text_ += "<h2>The arena</h2>\n<table class=\"sizes\">\n";
    const std::int64_t most = std::max({figures_.naive_bytes, figures_.arena_bytes, std::int64_t{1}});
    const auto row = [&](std::string_view what, std::int64_t bytes, std::string_view note) {
      text_ += "<tr>" + cell(what, "name") + cell(grouped_mebibytes(bytes) + " MiB") +
               "<td class=\"track\"><div class=\"bar\" style=\"width:" + fixed_text(percent_of(bytes, most), 2) +
               "%\"></div></td>" + cell(note, "name") + "</tr>\n";
    };
    row("naive", figures_.naive_bytes, "each tensor has memory of its own, nothing is shared");
    row("planned", figures_.arena_bytes, percent_text(figures_.arena_bytes, figures_.naive_bytes) + " % of it");
    row("lower bound", figures_.lower_bound_bytes,
        "no placement of these steps takes less; planned is " +
            percent_text(figures_.arena_bytes - figures_.lower_bound_bytes, figures_.lower_bound_bytes) + " % above");
    if (figures_.trains) row("kept", figures_.kept_bytes, "from the forward pass for the backward pass");
    text_ += "</table>\n<p>Outside of the arena: parameters and running statistics " +
             grouped_mebibytes(figures_.parameter_bytes) + " MiB, packed weights " +
             grouped_mebibytes(figures_.packed_bytes) + " MiB, gradients kept " +
             grouped_mebibytes(figures_.gradient_bytes) + " MiB, optimizer state " +
             grouped_mebibytes(figures_.optimizer_bytes) + " MiB; all together " +
             grouped_mebibytes(figures_.all_bytes()) + " MiB.</p>\n";
  }

  void part_row(std::string_view kind, const std::string& name, std::string_view swatch, const part_figures& of,
                std::int64_t all) {
    text_ += "<tr class=\"" + std::string(kind) + "\"><td class=\"name\">" + std::string(swatch) + escaped(name) +
             "</td>" + cell(grouped_mebibytes(of.naive_bytes)) + cell(grouped_mebibytes(of.peak_bytes)) +
             cell(percent_text(of.peak_bytes, figures_.peak_bytes));
    if (figures_.trains) text_ += cell(grouped_mebibytes(of.kept_bytes));
    text_ += cell(grouped_mebibytes(of.outside_bytes)) + cell(grouped_mebibytes(all)) +
             cell(percent_text(all, figures_.all_bytes())) + cell(percent_text(of.macs, figures_.macs)) + "</tr>\n";
  }

  std::string swatch_of(std::size_t part) const {
    return "<span class=\"swatch\" style=\"background:" + colors_[part].text() + "\"></span>";
  }

  void parts() {
    text_ +=
        "<h2>By part of the network</h2>\n<table>\n<tr><th class=\"name\">MiB</th><th>naive</th><th>at the "
        "peak</th><th>%</th>";
    if (figures_.trains) text_ += "<th>kept</th>";
    text_ += "<th>weights, optimizer</th><th>all</th><th>%</th><th>% of MACs</th></tr>\n";
    part_figures sum;
    for (std::size_t i = 0; i < figures_.parts.size(); ++i) {
      const part_figures& part = figures_.parts[i];
      part_row("part", part.name, swatch_of(i), part, part.all_bytes());
      for (const part_figures& scope : inner_scopes(figures_, part.part, 12))
        part_row("scope", scope.name, "", scope, scope.all_bytes());
      sum.add(part);
    }
    part_row("part", "not in use at the peak", "", {}, figures_.arena_bytes - figures_.peak_bytes);
    part_row("sum", "sum", "", sum, figures_.all_bytes());
    text_ += "</table>\n";
  }

  void legend() {
    text_ += "<p class=\"legend\">";
    for (std::size_t i = 0; i < figures_.parts.size(); ++i)
      text_ += "<span class=\"item\">" + swatch_of(i) + escaped(figures_.parts[i].name) + "</span>";
    text_ += "</p>\n";
  }

  void pictures() {
    text_ +=
        "<h2>The arena over time</h2>\n<p>A rectangle is a tensor: from the step that makes it to the last one that "
        "reads it, at its addresses; hold the pointer over one to read what it is and why it is there. Every other "
        "scope of a part is lighter, and tensors too small to be seen are put together.";
    if (figures_.trains)
      text_ +=
          " In full colour are results of the forward pass, striped what the backward pass recomputes, pale "
          "gradients, outlined workspaces.";
    text_ += "</p>\n";
    legend();
    text_ += timeline_svg(figures_) + "<h2>Alive at each step</h2>\n";
    legend();
    text_ += profile_svg(figures_);
  }

  void sweep() {
    if (figures_.sweep.empty()) return;
    text_ +=
        "<h2>Memory against added work</h2>\n<p>Each point is a plan that a search has found within a budget; the "
        "ring is the plan of this report.</p>\n" +
        sweep_svg(figures_) +
        "<table>\n<tr><th>budget, MiB</th><th>arena, MiB</th><th>of the first, %</th><th>MACs added, %</th></tr>\n";
    for (const sweep_point& point : figures_.sweep) {
      text_ += "<tr>" + cell(point.budget_bytes == 0 ? "none" : grouped_mebibytes(point.budget_bytes)) +
               cell(grouped_mebibytes(point.arena_bytes)) +
               cell(percent_text(point.arena_bytes, figures_.sweep[0].arena_bytes)) +
               cell(fixed_text(point.added_percent, 2)) + "</tr>\n";
    }
    text_ += "</table>\n<details><summary>What to write for each</summary>\n";
    for (const sweep_point& point : figures_.sweep) {
      if (point.retentions.empty()) continue;
      text_ += "<p>" + grouped_mebibytes(point.arena_bytes) + " MiB: <code>tenon::recompute&lt;&quot;" +
               escaped(point.retentions) + "&quot;&gt;</code></p>\n";
    }
    text_ += "</details>\n";
  }

  void tensors() {
    static constexpr std::size_t most = 150, open = 15;
    if (figures_.steps.empty()) return;
    const std::vector<const reported_tensor*> alive = alive_at(figures_, figures_.peak_step);
    text_ += "<h2>Tensors alive at the peak</h2>\n";
    const std::size_t count = std::min(alive.size(), most);
    const auto table = [&](std::size_t from, std::size_t to) {
      text_ +=
          "<table>\n<tr><th>MiB</th><th class=\"name\">tensor</th><th class=\"name\">part</th><th "
          "class=\"name\">extents</th><th>steps</th><th class=\"name\">why</th></tr>\n";
      for (std::size_t i = from; i < to; ++i) {
        const reported_tensor& tensor = *alive[i];
        text_ += "<tr>" + cell(grouped_mebibytes(tensor.bytes)) + cell(tensor.name(), "name") +
                 "<td class=\"name fixed\">" + swatch_of(static_cast<std::size_t>(tensor.part)) +
                 escaped(figures_.parts[static_cast<std::size_t>(tensor.part)].name) + "</td>" +
                 cell(tensor.extents, "name fixed") +
                 cell(std::to_string(tensor.first + 1) + " to " + std::to_string(tensor.last + 1), "fixed") +
                 cell(reason_of(figures_, tensor), "reason") + "</tr>\n";
      }
      text_ += "</table>\n";
    };
    table(0, std::min(count, open));
    if (count > open) {
      text_ += "<details><summary>" + std::to_string(count - open) + " more" +
               (count < alive.size() ? " of " + std::to_string(alive.size() - open) : std::string()) + "</summary>\n";
      table(open, count);
      text_ += "</details>\n";
    }
  }

  const memory_figures& figures_;
  std::vector<color> colors_;
  std::string text_;
};

}  // namespace detail

/// A memory report as one page: sizes, parts, the arena over time, the bytes alive at each step, the sweep if there is
/// one, and the tensors alive at the peak. It is HTML and XML alike, refers to nothing outside of itself and runs no
/// script; names are escaped. Below 2 MB for a training step of a thousand nodes.
inline std::string html_of(const memory_figures& figures) { return detail::memory_page(figures).html(); }

}  // namespace v0
}  // namespace tenon
