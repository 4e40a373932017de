// SPDX-License-Identifier: Apache-2.0
// The plot of a sweep: the arena against the work that is added.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/report/markup.hpp"
#include "tenon/report/text_table.hpp"

namespace tenon {
inline namespace v0 {

/// A sweep as SVG: per cent of multiply-accumulates added across, MiB of the arena up, a point a plan, and a ring
/// around the plan that the report is of. Empty without points.
inline std::string sweep_svg(const memory_figures& figures) {
  using namespace detail;
  if (figures.sweep.empty()) return {};
  static constexpr double width = 860, left = 84, right = 150, top = 24, high = 340, bottom = 50, mebibyte = 1048576;
  const double own = percent_of(figures.recomputed_macs, figures.macs - figures.recomputed_macs);
  double widest = std::max(own, 0.1), highest = static_cast<double>(figures.arena_bytes);
  for (const sweep_point& point : figures.sweep) {
    widest = std::max(widest, point.added_percent);
    highest = std::max(highest, static_cast<double>(point.arena_bytes));
  }
  const double work_step = axis_step(widest, 8), bytes_step = axis_step(highest / mebibyte, 7);
  const double end = std::ceil(widest / work_step) * work_step;
  const double upper = std::ceil(highest / mebibyte / bytes_step) * bytes_step * mebibyte;
  const auto place = [&](double work, double bytes) {
    return point2{left + (width - left - right) * work / end, top + high * (1 - bytes / upper)};
  };
  std::string made = svg_head(width, top + high + bottom, "memory against added work");
  for (double mark = 0; mark * mebibyte <= upper * 1.0001; mark += bytes_step) {
    const point2 at = place(0, mark * mebibyte);
    made += svg_line(at, {width - right, at.y}, "stroke=\"#dddddd\"");
    made += svg_text({left - 6, at.y + 4}, mark_text(mark, bytes_step), "text-anchor=\"end\"");
  }
  for (double mark = 0; mark <= end * 1.0001; mark += work_step) {
    const point2 at = place(mark, 0);
    made += svg_line({at.x, top}, at, "stroke=\"#eeeeee\"");
    made += svg_text({at.x, at.y + 18}, mark_text(mark, work_step), "text-anchor=\"middle\"");
  }
  made += svg_text({(left + width - right) / 2, top + high + 38}, "multiply-accumulates added to a step, %",
                   "text-anchor=\"middle\"");
  made += svg_text({16, top + high / 2}, "arena, MiB",
                   "text-anchor=\"middle\" transform=\"rotate(-90 16 " + pixels(top + high / 2) + ")\"");
  made += svg_line(place(0, 0), place(end, 0), "stroke=\"#333333\"") +
          svg_line(place(0, 0), place(0, upper), "stroke=\"#333333\"");
  std::string path;
  for (const sweep_point& point : figures.sweep) {
    const point2 at = place(point.added_percent, static_cast<double>(point.arena_bytes));
    path += (path.empty() ? "M" : "L") + pixels(at.x) + " " + pixels(at.y);
  }
  made += "<path d=\"" + path + "\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"1.5\"/>\n";
  std::vector<point2> labels;  // where they begin
  for (const sweep_point& point : figures.sweep) {
    const point2 at = place(point.added_percent, static_cast<double>(point.arena_bytes));
    const std::string text =
        grouped_mebibytes(point.arena_bytes) + " MiB, " + fixed_text(point.added_percent, 1) + " %";
    made += "<circle cx=\"" + pixels(at.x) + "\" cy=\"" + pixels(at.y) + "\" r=\"4\" fill=\"#0072b2\"><title>" +
            escaped(text + (point.budget_bytes > 0 ? "; budget " + grouped_mebibytes(point.budget_bytes) + " MiB"
                                                   : "; no work added")) +
            "</title></circle>\n";
    // Beside a point where no other name is.
    for (const point2 label : {point2{at.x + 8, at.y - 6}, {at.x + 8, at.y + 14}, {at.x - 60, at.y + 20}}) {
      const bool is_free = std::none_of(labels.begin(), labels.end(), [&](const point2& other) {
        return std::abs(other.x - label.x) < 125 && std::abs(other.y - label.y) < 12;
      });
      if (!is_free) continue;
      made += svg_text(label, text, "font-size=\"11\"") + "\n";
      labels.push_back(label);
      break;
    }
  }
  const point2 here = place(own, static_cast<double>(figures.arena_bytes));
  made +=
      "<circle cx=\"" + pixels(here.x) + "\" cy=\"" + pixels(here.y) +
      "\" r=\"8\" fill=\"none\" stroke=\"#c00000\" stroke-width=\"2\"><title>the plan of this report</title></circle>";
  return made + "</svg>\n";
}

}  // namespace v0
}  // namespace tenon
