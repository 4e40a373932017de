// SPDX-License-Identifier: Apache-2.0
// The picture of an arena over time: a rectangle a tensor, from the step that makes it to the last that reads it, and
// from its first byte to its last.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tenon/report/tensor_reason.hpp"
#include "tenon/report/timeline_frame.hpp"

namespace tenon {
inline namespace v0 {
namespace detail {

/// How a kind of tensors is painted in the colour of its part.
enum class paint : std::uint8_t { full, striped, pale, outlined };
/// How much white the colour of every other scope of a part has.
inline constexpr double lighter = 0.2;

constexpr paint paint_of(tensor_kind kind) {
  constexpr paint paints[] = {paint::full, paint::full, paint::striped, paint::pale, paint::pale, paint::outlined};
  return paints[static_cast<int>(kind)];
}

/// The attributes of what is painted so. Stripes are patterns that the picture defines.
inline std::string fill_of(paint how, const color& of, std::size_t part, bool is_lighter = false) {
  switch (how) {
    case paint::striped:
      return "fill=\"url(#stripes" + std::to_string(part) + ")\"";
    case paint::pale:
      return "fill=\"" + of.text(is_lighter ? 0.72 : 0.6) + "\"";
    case paint::outlined:
      return "fill=\"#ffffff\"";
    case paint::full:
    default:
      return "fill=\"" + of.text(is_lighter ? lighter : 0) + "\"";
  }
}

/// Draws the rectangles. Those that are lower than a pixel and a half, or cover fewer than six pixels, are put together
/// by part and paint.
class timeline_picture {
 public:
  explicit timeline_picture(const memory_figures& figures)
      : figures_(figures), colors_(colors_of(figures)), frame_(figures, figures.arena_bytes, 720) {
    std::vector<bool> next(figures.parts.size(), false);
    for (const part_figures& scope : figures.scopes) {
      const auto part = static_cast<std::size_t>(scope.part);
      is_lighter_.push_back(next[part]);
      if (scope.naive_bytes > 0) next[part] = !next[part];
    }
  }

  std::string svg() {
    std::string made = svg_head(timeline_frame::width, frame_.picture_height(), "the arena over time");
    made += "<defs>";
    for (std::size_t part = 0; part < colors_.size(); ++part) {
      made += "<pattern id=\"stripes" + std::to_string(part) +
              "\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">" +
              svg_rectangle({0, 0}, {6, 6}, "fill=\"" + colors_[part].text(0.7) + "\"") +
              svg_rectangle({0, 0}, {3, 6}, "fill=\"" + colors_[part].text() + "\"") + "</pattern>";
    }
    made += "</defs>\n" + frame_.background();
    made += rectangles();
    made += frame_.foreground("address in the arena, MiB");
    made += labels();
    return made + "</svg>\n";
  }

 private:
  struct box {
    point2 at, size;
  };

  box box_of(const reported_tensor& tensor) const {
    const double x = frame_.x(tensor.first), y = frame_.y(tensor.offset + tensor.bytes);
    return {{x, y}, {frame_.x(tensor.last + 1) - x, frame_.y(tensor.offset) - y}};
  }

  static bool is_small(const box& of) { return of.size.y < 1.5 || of.size.x * of.size.y < 6; }

  std::string title_of(const reported_tensor& tensor) const {
    return tensor.name() + "\n" + figures_.parts[static_cast<std::size_t>(tensor.part)].name + ", " +
           std::string(name_of(tensor.kind)) + ", " + tensor.extents + ", " + grouped_mebibytes(tensor.bytes) +
           " MiB at " + grouped_mebibytes(tensor.offset) + " MiB, steps " + std::to_string(tensor.first + 1) + " to " +
           std::to_string(tensor.last + 1) + "\n" + reason_of(figures_, tensor);
  }

  std::string rectangles() {
    std::vector<const reported_tensor*> large;
    std::vector<const reported_tensor*> small;
    for (const reported_tensor& tensor : figures_.tensors)
      (is_small(box_of(tensor)) ? small : large).push_back(&tensor);
    // What lies in another lies over it.
    std::stable_sort(large.begin(), large.end(), [](const reported_tensor* a, const reported_tensor* b) {
      return a->bytes != b->bytes ? a->bytes > b->bytes : a->first < b->first;
    });
    std::string made = merged(small) + "<g stroke=\"#ffffff\" stroke-width=\"0.4\">\n";
    for (const reported_tensor* tensor : large) {
      const box of = box_of(*tensor);
      const auto part = static_cast<std::size_t>(tensor->part);
      const paint how = paint_of(tensor->kind);
      std::string fill = fill_of(how, colors_[part], part, is_lighter_[static_cast<std::size_t>(tensor->scope_index)]);
      if (how == paint::outlined) fill += " stroke=\"" + colors_[part].text() + "\"";
      made += svg_rectangle(of.at, of.size, fill, title_of(*tensor)) + "\n";
      drawn_.push_back(tensor);
    }
    return made + "</g>\n";
  }

  // Rows of two pixels; in each what is of one part and painted alike is one rectangle as long as it goes on.
  std::string merged(const std::vector<const reported_tensor*>& small) const {
    struct stretch {
      std::int32_t first = 0, last = 0;
      std::int64_t begin = 0, end = 0;
      int count = 0;
    };
    std::map<std::tuple<std::int64_t, std::int32_t, paint>, std::vector<stretch>> rows;
    const std::int64_t row_bytes =
        std::max<std::int64_t>(1, figures_.arena_bytes * 2 / static_cast<std::int64_t>(frame_.height()));
    const std::int32_t gap = static_cast<std::int32_t>(figures_.steps.size() / 400) + 1;
    std::vector<const reported_tensor*> ordered = small;
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const reported_tensor* tensor : ordered) {
      std::vector<stretch>& row = rows[{tensor->offset / row_bytes, tensor->part, paint_of(tensor->kind)}];
      if (row.empty() || tensor->first > row.back().last + gap)
        row.push_back({tensor->first, tensor->last, tensor->offset, tensor->offset + tensor->bytes, 0});
      stretch& into = row.back();
      into.last = std::max(into.last, tensor->last);
      into.begin = std::min(into.begin, tensor->offset);
      into.end = std::max(into.end, tensor->offset + tensor->bytes);
      ++into.count;
    }
    std::string made = "<g>\n";
    for (const auto& [key, row] : rows) {
      const auto part = static_cast<std::size_t>(std::get<1>(key));
      for (const stretch& each : row) {
        const double x = frame_.x(each.first), y = frame_.y(each.end);
        const std::string title = std::to_string(each.count) +
                                  (each.count == 1 ? " small tensor of " : " small tensors of ") +
                                  figures_.parts[part].name;
        // Outlines of so little would be all of it.
        const paint how = std::get<2>(key) == paint::outlined ? paint::pale : std::get<2>(key);
        made += svg_rectangle({x, y}, {frame_.x(each.last + 1) - x, std::max(frame_.y(each.begin) - y, 0.3)},
                              fill_of(how, colors_[part], part), title) +
                "\n";
      }
    }
    return made + "</g>\n";
  }

  static bool overlap(const box& a, const box& b) {
    return a.at.x < b.at.x + b.size.x && b.at.x < a.at.x + a.size.x && a.at.y < b.at.y + b.size.y &&
           b.at.y < a.at.y + a.size.y;
  }

  // What a name says in so many characters.
  static std::string label_of(const reported_tensor& tensor, std::size_t room) {
    const std::string size = ", " + grouped_mebibytes(tensor.bytes) + " MiB";
    const std::string& scope = tensor.scope.empty() ? tensor.operation : tensor.scope;
    for (const std::string& text : {scope + ": " + tensor.operation + size, scope + size}) {
      if (text.size() <= room) return text;
    }
    return room < 4 ? std::string() : shortened(scope, room - 1);
  }

  // The names of the tensors that cover most, where there is room in them, no other name, and nothing that lies over
  // them.
  std::string labels() const {
    static constexpr std::size_t most = 80;
    static constexpr double character = 5.8, high = 10;  // of a wide one
    std::vector<std::pair<double, std::size_t>> ordered;
    for (std::size_t i = 0; i < drawn_.size(); ++i) {
      const point2 size = box_of(*drawn_[i]).size;
      if (size.x >= 44 && size.y >= high) ordered.emplace_back(size.x * size.y, i);
    }
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<box> placed;
    std::string made = "<g font-size=\"10\" pointer-events=\"none\">\n";
    for (const auto& [area, number] : ordered) {
      if (placed.size() == most) break;
      const reported_tensor& tensor = *drawn_[number];
      const box of = box_of(tensor);
      const std::string text = label_of(tensor, static_cast<std::size_t>((of.size.x - 8) / character));
      if (text.empty()) continue;
      const double down = std::max(of.size.y - high, 0.0);
      const auto is_free = [&](const box& place) {
        for (const box& other : placed) {
          if (overlap(other, place)) return false;
        }
        for (std::size_t i = number + 1; i < drawn_.size(); ++i) {
          if (overlap(box_of(*drawn_[i]), place)) return false;
        }
        return true;
      };
      // Parts that were written before lie over its first step.
      const double behind_first = frame_.x(tensor.first + 1) + 3;
      for (const point2 at : {point2{of.at.x + 4, of.at.y + std::min(down / 2, 8.0)},
                              {of.at.x + 4, of.at.y + down / 2},
                              {behind_first, of.at.y + std::min(down / 2, 8.0)},
                              {behind_first, of.at.y + down}}) {
        const box place{at, {static_cast<double>(text.size()) * character, high}};
        if (at.x + place.size.x > of.at.x + of.size.x || !is_free(place)) continue;
        placed.push_back(place);
        const double white = is_lighter_[static_cast<std::size_t>(tensor.scope_index)] ? lighter : 0;
        const bool is_white =
            paint_of(tensor.kind) == paint::full && colors_[static_cast<std::size_t>(tensor.part)].is_dark(white);
        made += svg_text({at.x, at.y + 8.5}, text, is_white ? "fill=\"#ffffff\"" : "fill=\"#000000\"") + "\n";
        break;
      }
    }
    return made + "</g>\n";
  }

  const memory_figures& figures_;
  std::vector<color> colors_;
  std::vector<bool> is_lighter_;  // of each scope
  timeline_frame frame_;
  std::vector<const reported_tensor*> drawn_;
};

}  // namespace detail

/// The picture of the arena as SVG: time across, addresses up, a rectangle a tensor in the colour of its part, and the
/// peak. Full colour: results of the forward pass and what is copied in; stripes: what is recomputed; pale: gradients;
/// outlined: workspaces. Tensors too small to be seen are put together.
inline std::string timeline_svg(const memory_figures& figures) { return detail::timeline_picture(figures).svg(); }

}  // namespace v0
}  // namespace tenon
