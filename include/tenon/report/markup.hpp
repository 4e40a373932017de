// SPDX-License-Identifier: Apache-2.0
// What the pictures of a report are drawn with: text and numbers for SVG and HTML, colours, and axes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/core/number_text.hpp"
#include "tenon/report/memory_figures.hpp"
#include "tenon/report/report_parts.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// Where a character in UTF-8 (RFC 3629) ends that begins at a byte, or that byte if none begins there.
inline std::size_t end_of_character(std::string_view text, std::size_t begin) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(begin), second = byte(begin + 1);
  if (first < 0x80) return begin + 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(begin + i) < 0x80 || byte(begin + i) > 0xbf) return begin;
  }
  const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool is_none = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return is_overlong || is_none ? begin : begin + length;
}

/// A text with a question mark in place of every byte that is not UTF-8 and of control characters, which XML cannot
/// have.
inline std::string valid_text(std::string_view text) {
  std::string valid;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = end_of_character(text, i);
    const bool is_control = static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f;
    if (end == i || is_control) {
      valid += '?';
      ++i;
    } else {
      valid += text.substr(i, end - i);
      i = end;
    }
  }
  return valid;
}

/// A text for the contents and the attributes of HTML and SVG.
inline std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : valid_text(text)) {
    switch (c) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '"':
        made += "&quot;";
        break;
      case '\'':
        made += "&#39;";
        break;
      default:
        made += c;
    }
  }
  return made;
}

/// The first characters of a text, with a mark behind them if that is not all.
inline std::string shortened(const std::string& text, std::size_t most) {
  const std::string valid = valid_text(text);
  std::size_t end = 0, count = 0;
  for (; end < valid.size() && count < most; ++count) end = end_of_character(valid, end);
  return end == valid.size() ? valid : valid.substr(0, end) + "\u2026";
}

/// A coordinate, in tenths at most.
inline std::string pixels(double value) {
  std::string text = fixed_text(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

/// A colour, of which a share is mixed with white: 0 leaves it, 1 is white.
struct color {
  int red = 0, green = 0, blue = 0;

  std::string text(double white = 0) const {
    std::string made = "#";
    for (const int each : {red, green, blue}) {
      const int mixed = static_cast<int>(std::lround(each + (255 - each) * white));
      for (const int digit : {mixed / 16, mixed % 16}) made += "0123456789abcdef"[digit];
    }
    return made;
  }
  /// Whether white text reads better on it, mixed so, than black: its luminance as WCAG 2 has it is below 0.179.
  bool is_dark(double white = 0) const {
    const auto linear = [&](int part) { return std::pow((part + (255 - part) * white) / 255, 2.2); };
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) < 0.179;
  }
};

/// The colour of each part: those of the network in an order in which neighbours are told apart by the colour-blind
/// too (Okabe and Ito's, and three more), and greys for what is not of the network.
inline std::vector<color> colors_of(const memory_figures& figures) {
  static constexpr std::array<color, 9> palette{{{0, 114, 178},
                                                 {230, 159, 0},
                                                 {0, 158, 115},
                                                 {204, 121, 167},
                                                 {213, 94, 0},
                                                 {86, 180, 233},
                                                 {127, 79, 165},
                                                 {160, 150, 0},
                                                 {110, 75, 45}}};
  std::vector<color> found;
  std::size_t next = 0;
  for (const part_figures& part : figures.parts) {
    if (part.name == part_finder::given_name) {
      found.push_back({150, 150, 150});
    } else if (part.name == part_finder::loss_name) {
      found.push_back({60, 60, 60});
    } else if (part.name == part_finder::unnamed) {
      found.push_back({190, 165, 130});
    } else {
      found.push_back(palette[next++ % palette.size()]);
    }
  }
  return found;
}

/// A step between the marks of an axis: 1, 2 or 5 times a power of 10, so that about `count` of them reach `most`.
inline double axis_step(double most, int count) {
  if (most <= 0) return 1;
  const double rough = most / count, power = std::pow(10, std::floor(std::log10(rough)));
  const double times = rough / power;
  return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

/// The number at a mark of an axis with so much between marks.
inline std::string mark_text(double value, double step) {
  const int decimals = step >= 1 ? 0 : std::min(6, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  std::string text = fixed_text(value, decimals);
  for (std::size_t at = text.find('.') == std::string::npos ? text.size() : text.find('.'); at > 3; at -= 3)
    text.insert(at - 3, ",");
  return text;
}

struct point2 {
  double x = 0, y = 0;
};

inline std::string svg_text(point2 at, std::string_view text, std::string_view more = {}) {
  std::string made = "<text x=\"" + pixels(at.x) + "\" y=\"" + pixels(at.y) + "\"";
  if (!more.empty()) made += " " + std::string(more);
  return made + ">" + escaped(text) + "</text>";
}

inline std::string svg_line(point2 from, point2 to, std::string_view more) {
  return "<line x1=\"" + pixels(from.x) + "\" y1=\"" + pixels(from.y) + "\" x2=\"" + pixels(to.x) + "\" y2=\"" +
         pixels(to.y) + "\" " + std::string(more) + "/>";
}

/// A rectangle with its left upper corner; a title of it, if there is one, is what readers see over it.
inline std::string svg_rectangle(point2 at, point2 size, std::string_view more, const std::string& title = {}) {
  std::string made = "<rect x=\"" + pixels(at.x) + "\" y=\"" + pixels(at.y) + "\" width=\"" + pixels(size.x) +
                     "\" height=\"" + pixels(size.y) + "\" " + std::string(more);
  return title.empty() ? made + "/>" : made + "><title>" + escaped(title) + "</title></rect>";
}

/// The beginning of a picture that can be read aloud and scales with the page.
inline std::string svg_head(double width, double height, std::string_view title) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + pixels(width) + " " + pixels(height) +
         "\" width=\"" + pixels(width) + "\" height=\"" + pixels(height) +
         "\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\"><title>" + escaped(title) + "</title>" +
         svg_rectangle({0, 0}, {width, height}, "fill=\"#ffffff\"") + "\n";
}

}  // namespace detail
}  // namespace v0
}  // namespace tenon
