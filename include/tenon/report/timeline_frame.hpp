// SPDX-License-Identifier: Apache-2.0
// The frame of pictures over the steps of a plan: axes with units, the border between the passes, the peak.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "tenon/report/markup.hpp"
#include "tenon/report/text_table.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Steps across, MiB up. Coordinates are in pixels.
class timeline_frame {
 public:
  static constexpr double width = 1280, left = 84, right = 16, top = 46, bottom = 44;

  timeline_frame(const memory_figures& figures, std::int64_t most_bytes, double height)
      : figures_(figures),
        most_(static_cast<double>(std::max<std::int64_t>(most_bytes, 1))),
        steps_(static_cast<double>(std::max<std::size_t>(figures.steps.size(), 1))),
        height_(height) {}

  double height() const { return height_; }
  double picture_height() const { return top + height_ + bottom; }
  /// Where a step begins; it ends where the next does.
  double x(std::int32_t step) const { return left + (width - left - right) * step / steps_; }
  double y(std::int64_t bytes) const { return top + height_ * (1 - static_cast<double>(bytes) / most_); }

  /// What lies behind the picture.
  std::string background() const {
    std::string made;
    const bool has_passes = figures_.trains && figures_.loss_step >= 0;
    if (has_passes) {
      const double border = x(figures_.loss_step + 1);
      made += svg_rectangle({border, top}, {width - right - border, height_}, "fill=\"#f2f2f6\"");
    }
    const double step = axis_step(most_ / mebibyte, 7);
    for (double mark = 0; mark * mebibyte <= most_; mark += step) {
      const double at = top + height_ * (1 - mark * mebibyte / most_);
      made += svg_line({left, at}, {width - right, at}, "stroke=\"#dddddd\"");
      made += svg_text({left - 6, at + 4}, mark_text(mark, step), "text-anchor=\"end\"");
    }
    return made + "\n";
  }

  /// What lies over it: axes, the passes, and the peak.
  std::string foreground(const char* vertical) const {
    std::string made = svg_line({left, top + height_}, {width - right, top + height_}, "stroke=\"#333333\"") +
                       svg_line({left, top}, {left, top + height_}, "stroke=\"#333333\"");
    const double middle = top + height_ / 2;
    made +=
        svg_text({16, middle}, vertical, "text-anchor=\"middle\" transform=\"rotate(-90 16 " + pixels(middle) + ")\"");
    const double step = std::max(1.0, axis_step(steps_, 12));
    for (double mark = step; mark <= steps_; mark += step) {
      const double at = left + (width - left - right) * (mark - 0.5) / steps_;
      made += svg_line({at, top + height_}, {at, top + height_ + 5}, "stroke=\"#333333\"");
      made += svg_text({at, top + height_ + 18}, mark_text(mark, step), "text-anchor=\"middle\"");
    }
    made += svg_text({(left + width - right) / 2, top + height_ + 36}, "time: steps, in the order in which they run",
                     "text-anchor=\"middle\"");
    if (figures_.trains && figures_.loss_step >= 0) {
      const double border = x(figures_.loss_step + 1);
      made += svg_line({border, top - 4}, {border, top + height_}, "stroke=\"#333333\" stroke-dasharray=\"2 3\"");
      const bool is_wide = border - left > 60 && width - right - border > 80;
      if (is_wide) {
        made += svg_text({border - 8, top - 8}, "forward", "text-anchor=\"end\" fill=\"#555555\"");
        made += svg_text({border + 8, top - 8}, "backward", "fill=\"#555555\"");
      }
    }
    return made + peak() + "\n";
  }

 private:
  static constexpr double mebibyte = 1048576;

  std::string peak() const {
    if (figures_.steps.empty()) return {};
    const double at = (x(figures_.peak_step) + x(figures_.peak_step + 1)) / 2;
    const std::string label =
        "peak: " + grouped_mebibytes(figures_.peak_bytes) + " MiB alive at " + figures_.step_text(figures_.peak_step);
    const char* const anchor = at > width * 0.55 ? "end" : at < width * 0.3 ? "start" : "middle";
    return svg_line({at, top - 22}, {at, top + height_},
                    "stroke=\"#c00000\" stroke-width=\"1.5\" stroke-dasharray=\"6 3\"") +
           svg_text({at, top - 28}, shortened(label, 110),
                    "fill=\"#c00000\" font-weight=\"bold\" text-anchor=\"" + std::string(anchor) + "\"");
  }

  const memory_figures& figures_;
  double most_, steps_, height_;
};

}  // namespace detail
}  // namespace v0
}  // namespace tenon
