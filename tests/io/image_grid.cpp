// SPDX-License-Identifier: Apache-2.0
// Labels in colours, and the grid of pictures that a training run leaves.
#include "tenon/io/image_grid.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/core/error.hpp"

namespace {

using tenon::image_rgb;
using tenon::rgb_color;

image_rgb plain(int height, int width, const rgb_color& color) {
  image_rgb image{height, width, {}};
  for (int i = 0; i < height * width; ++i) image.pixels.insert(image.pixels.end(), color.begin(), color.end());
  return image;
}

std::ptrdiff_t count(const image_rgb& image, const rgb_color& color) {
  std::ptrdiff_t result = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    result += std::equal(color.begin(), color.end(), image.pixels.begin() + static_cast<std::ptrdiff_t>(i)) ? 1 : 0;
  }
  return result;
}

constexpr rgb_color red = {200, 10, 20}, green = {10, 200, 20}, white = {255, 255, 255};

}  // namespace

TEST_CASE("each label gets its color") {
  const std::vector<rgb_color> palette = {{1, 2, 3}, {4, 5, 6}};
  const tenon::label_image labels{1, 4, {1, 0, 255, 2}};
  CHECK(tenon::colorize(labels, palette).pixels == std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3, 0, 0, 0, 0, 0, 0});
  CHECK(tenon::colorize(labels, palette, {7, 8, 9}).pixels ==
        std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3, 7, 8, 9, 7, 8, 9});
  CHECK(tenon::colorize(labels, palette).width == 4);
  CHECK_THROWS_AS(tenon::colorize({2, 2, {0}}, palette), tenon::shape_error);
}

TEST_CASE("a grid shows every pixel of its pictures") {
  const image_rgb grid = tenon::image_grid({{plain(20, 30, red), plain(10, 12, green)}, {plain(20, 30, red)}}, {});
  CHECK(count(grid, red) == 2 * 20 * 30);
  CHECK(count(grid, green) == 10 * 12);
  CHECK(count(grid, white) == static_cast<std::ptrdiff_t>(grid.pixels.size() / 3) - 2 * 20 * 30 - 10 * 12);
  CHECK(grid.height > 40);
  CHECK(grid.width > 60);
}

TEST_CASE("titles and a legend are drawn and make room for themselves") {
  const std::vector<std::vector<image_rgb>> rows = {{plain(20, 30, red), plain(20, 30, green)}};
  const image_rgb bare = tenon::image_grid(rows, {});
  const image_rgb titled = tenon::image_grid(rows, {"input", "prediction"});
  CHECK(titled.height > bare.height);
  // "prediction" is wider than 30 pixels.
  CHECK(titled.width > bare.width);
  CHECK(count(titled, red) == 20 * 30);
  CHECK(count(titled, white) < static_cast<std::ptrdiff_t>(titled.pixels.size() / 3) - 2 * 20 * 30);

  const rgb_color blue = {10, 20, 200};
  const std::vector<tenon::legend_entry> one = {{"sky", blue}};
  const image_rgb explained = tenon::image_grid(rows, {}, one);
  CHECK(explained.height > bare.height);
  CHECK(count(explained, blue) > 50);
  // A legend that does not fit one line takes more.
  const std::vector<tenon::legend_entry> many(7, {"another", blue});
  const image_rgb wrapped = tenon::image_grid(rows, {}, many);
  CHECK(wrapped.height > explained.height + 4 * (explained.height - bare.height) / 2);
  CHECK(count(wrapped, blue) == 7 * count(explained, blue));
}

TEST_CASE("small pictures are magnified, each pixel a square") {
  image_rgb two = plain(1, 2, red);
  std::copy(green.begin(), green.end(), two.pixels.begin() + 3);
  const image_rgb grid = tenon::image_grid({{two}}, {}, {}, 4);
  CHECK(count(grid, red) == 16);
  CHECK(count(grid, green) == 16);
}

TEST_CASE("a grid of nothing and a picture of another size than it says are shape errors") {
  CHECK_THROWS_AS(tenon::image_grid({}, {"input"}), tenon::shape_error);
  CHECK_THROWS_AS(tenon::image_grid({{}}, {}), tenon::shape_error);
  CHECK_THROWS_AS(tenon::image_grid({{image_rgb{2, 2, {1, 2, 3}}}}, {}), tenon::shape_error);
}
