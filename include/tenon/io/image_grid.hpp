// SPDX-License-Identifier: Apache-2.0
// Labels in colours, and pictures laid out as a titled grid with a legend: what a training run shows of itself.
// Links what io/image.hpp links.
#pragma once

#if !__has_include(<opencv2/core.hpp>)
#  include "tenon/core/language.hpp"
#  error "OpenCV was not found. Debian: apt-get install libopencv-dev; by hand also -I/usr/include/opencv4"
#  include TENON_STOP
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/io/image.hpp"

namespace tenon {
inline namespace v0 {

/// Red, green, blue.
using rgb_color = std::array<std::uint8_t, 3>;

/// Each label in its colour of the palette; labels beyond it, such as an ignored class 255, in `beyond`. Throws
/// shape_error if `labels` does not fit the extents.
inline image_rgb colorize(const label_image& image, std::span<const rgb_color> palette,
                          const rgb_color& beyond = {0, 0, 0}) {
  detail::check_picture("labels", image.height, image.width, 1, image.labels.size());
  image_rgb result{image.height, image.width, std::vector<std::uint8_t>(3 * image.labels.size())};
  for (std::size_t i = 0; i < image.labels.size(); ++i) {
    const std::size_t label = image.labels[i];
    const rgb_color& color = label < palette.size() ? palette[label] : beyond;
    std::copy(color.begin(), color.end(), result.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return result;
}

/// A colour and what it stands for, under a grid.
struct legend_entry {
  std::string name;
  rgb_color color{};
};

namespace detail {

inline constexpr int grid_gap = 8, grid_font = cv::FONT_HERSHEY_SIMPLEX;
inline constexpr double grid_text_scale = 0.45;

inline cv::Size text_size(const std::string& text) {
  int baseline = 0;
  const cv::Size above = cv::getTextSize(text, grid_font, grid_text_scale, 1, &baseline);
  return {above.width, above.height + baseline};
}

/// Draws text with its upper left corner at (x, y).
inline void draw_text(cv::Mat& canvas, const std::string& text, int x, int y) {
  int baseline = 0;
  const cv::Size above = cv::getTextSize(text, grid_font, grid_text_scale, 1, &baseline);
  cv::putText(canvas, text, {x, y + above.height}, grid_font, grid_text_scale, cv::Scalar(20, 20, 20), 1, cv::LINE_AA);
}

/// Where each entry of a legend goes in lines of at most `width`: (left, line).
inline std::vector<std::pair<int, int>> place_legend(std::span<const legend_entry> legend, int width, int swatch) {
  std::vector<std::pair<int, int>> places;
  int x = 0, line = 0;
  for (const legend_entry& entry : legend) {
    const int needed = swatch + 4 + text_size(entry.name).width + 2 * grid_gap;
    if (x > 0 && x + needed > width) {
      x = 0;
      ++line;
    }
    places.emplace_back(x, line);
    x += needed;
  }
  return places;
}

}  // namespace detail

/// Lays out rows of pictures under column titles, on white, with an optional legend below. All cells are as large as
/// the largest picture; smaller ones stand in the middle, rows may have fewer cells than others. Pictures are enlarged
/// `magnify` times, each pixel a square. Titles and names are drawn in ASCII. Throws shape_error for a picture whose
/// pixels do not fit its extents, and when there is nothing to show.
inline image_rgb image_grid(const std::vector<std::vector<image_rgb>>& rows, const std::vector<std::string>& titles,
                            std::span<const legend_entry> legend = {}, int magnify = 1) {
  using namespace detail;
  magnify = std::max(magnify, 1);
  int cell_height = 0, cell_width = 0;
  std::size_t columns = titles.size();
  for (const std::vector<image_rgb>& row : rows) {
    columns = std::max(columns, row.size());
    for (const image_rgb& image : row) {
      check_picture("cell", image.height, image.width, 3, image.pixels.size());
      cell_height = std::max(cell_height, image.height * magnify);
      cell_width = std::max(cell_width, image.width * magnify);
    }
  }
  if (cell_height == 0)
    throw shape_error("image grid: expected a picture, found none", "image grid", "a picture", "none");
  for (const std::string& title : titles) cell_width = std::max(cell_width, text_size(title).width);

  const int line = text_size("Ag").height, swatch = line;
  const int top = titles.empty() ? grid_gap : line + 2 * grid_gap;
  const int width = grid_gap + static_cast<int>(columns) * (cell_width + grid_gap);
  const auto places = place_legend(legend, width - 2 * grid_gap, swatch);
  const int legend_top = top + static_cast<int>(rows.size()) * (cell_height + grid_gap);
  const int legend_lines = places.empty() ? 0 : places.back().second + 1;
  const int height = legend_top + legend_lines * (line + grid_gap);

  image_rgb result{
      height, width,
      std::vector<std::uint8_t>(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3, 255)};
  cv::Mat canvas(height, width, CV_8UC3, result.pixels.data());
  for (std::size_t column = 0; column < columns; ++column) {
    const int left = grid_gap + static_cast<int>(column) * (cell_width + grid_gap);
    if (column < titles.size()) {
      draw_text(canvas, titles[column], left + (cell_width - text_size(titles[column]).width) / 2, grid_gap);
    }
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (column >= rows[row].size()) continue;
      const image_rgb& image = rows[row][column];
      const int drawn_height = image.height * magnify, drawn_width = image.width * magnify;
      const int cell_top = top + static_cast<int>(row) * (cell_height + grid_gap);
      const cv::Rect place(left + (cell_width - drawn_width) / 2, cell_top + (cell_height - drawn_height) / 2,
                           drawn_width, drawn_height);
      const cv::Mat source(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.pixels.data()));
      cv::Mat target = canvas(place);
      cv::resize(source, target, target.size(), 0, 0, cv::INTER_NEAREST);
    }
  }
  for (std::size_t i = 0; i < legend.size(); ++i) {
    const int x = grid_gap + places[i].first, y = legend_top + places[i].second * (line + grid_gap);
    const auto [red, green, blue] = legend[i].color;
    cv::rectangle(canvas, cv::Rect(x, y, swatch, swatch), cv::Scalar(red, green, blue), cv::FILLED);
    cv::rectangle(canvas, cv::Rect(x, y, swatch, swatch), cv::Scalar(120, 120, 120), 1);
    draw_text(canvas, legend[i].name, x + swatch + 4, y + 1);
  }
  return result;
}

}  // namespace v0
}  // namespace tenon
