// SPDX-License-Identifier: Apache-2.0
// The picture of how many bytes are alive at each step, by part of the network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/report/timeline_frame.hpp"

namespace tenon {
inline namespace v0 {

/// The bytes alive at each step as SVG, the parts piled up in their colours, and how large the arena is.
inline std::string profile_svg(const memory_figures& figures) {
  using namespace detail;
  const timeline_frame frame(figures, figures.arena_bytes, 220);
  const std::vector<color> colors = colors_of(figures);
  std::string made = svg_head(timeline_frame::width, frame.picture_height(), "memory alive at each step, by part");
  made += frame.background();
  std::vector<std::int64_t> below(figures.steps.size(), 0);
  const auto count = static_cast<std::int32_t>(figures.steps.size());
  for (std::size_t part = 0; part < figures.parts.size() && count > 0; ++part) {
    std::vector<std::int64_t> above = below;
    std::int64_t most = 0;
    for (std::size_t i = 0; i < above.size(); ++i) {
      above[i] += figures.steps[i].part_bytes[part];
      most = std::max(most, figures.steps[i].part_bytes[part]);
    }
    if (most == 0) continue;
    // The upper border from left to right, then the lower one back.
    std::string path = "M" + pixels(frame.x(0)) + " " + pixels(frame.y(above[0]));
    for (std::int32_t i = 0; i < count; ++i) {
      const auto step = static_cast<std::size_t>(i);
      if (i > 0 && above[step] != above[step - 1])
        path += "H" + pixels(frame.x(i)) + "V" + pixels(frame.y(above[step]));
    }
    path += "H" + pixels(frame.x(count)) + "V" + pixels(frame.y(below.back()));
    for (std::int32_t i = count - 1; i > 0; --i) {
      const auto step = static_cast<std::size_t>(i);
      if (below[step] != below[step - 1]) path += "H" + pixels(frame.x(i)) + "V" + pixels(frame.y(below[step - 1]));
    }
    path += "H" + pixels(frame.x(0)) + "Z";
    made += "<path d=\"" + path + "\" fill=\"" + colors[part].text() + "\"><title>" +
            escaped(figures.parts[part].name) + ": at most " + grouped_mebibytes(most) + " MiB</title></path>\n";
    below = above;
  }
  return made + frame.foreground("alive, MiB") + "</svg>\n";
}

}  // namespace v0
}  // namespace tenon
