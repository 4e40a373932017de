// SPDX-License-Identifier: Apache-2.0
// Scenes to segment: garments scaled, rotated and overlapping on a textured canvas, with a label for each pixel.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/core/random.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/data/garments.hpp"

namespace tenon {
inline namespace v0 {

/// An endless sequence of scenes made of real garments. Label 0 is the background, label k + 1 a garment of kind k.
/// Shapes and shades are the files' own; each kind has a usual size and colour, from which its garments differ at
/// random.
///
/// Scene i depends on the garments, the seed, the size and i alone, and is the same to the last bit with every
/// compiler: all is drawn in whole numbers. Scenes for tests are made of garments that no other scene is made of
/// (read_garments with garment_split::held_out). `scene` may be called from several threads at a time.
class garment_scenes {
 public:
  /// The background and ten kinds of garments.
  static constexpr std::int32_t classes = 11;

  /// Scenes of `height` x `width` pixels, 32 or more each. Throws shape_error for less, format_error for no garments.
  garment_scenes(garments source, std::uint64_t seed, std::int32_t height, std::int32_t width)
      : source_(std::move(source)), seed_(seed), height_(height), width_(width) {
    constexpr std::int32_t least = 32, greatest = 16384;
    if (std::min(height, width) < least || std::max(height, width) > greatest) {
      const std::string found = std::to_string(height) + " x " + std::to_string(width);
      throw shape_error("a scene has sides of 32 to 16384 pixels, found " + found, "garment_scenes", "32 to 16384",
                        found);
    }
    if (source_.count() == 0) throw format_error("a scene needs garments", "garment_scenes", "1 or more", "0");
  }

  std::int32_t height() const { return height_; }
  std::int32_t width() const { return width_; }

  /// The name of a label: "background", "T-shirt", ... "ankle boot".
  static const char* class_name(std::int32_t label) {
    return label == 0 ? "background" : garment_names[static_cast<std::size_t>(label - 1)];
  }

  /// The colour value of 0 .. 255 that a value of a scene stands for.
  static std::uint8_t colour_value(float value) {
    return static_cast<std::uint8_t>(std::clamp(value * 64.0f + 128.0f, 0.0f, 255.0f));
  }

  /// Draws the scene number `index`: `picture` is (3, height, width), red, green, blue, as (value - 128) / 64 of colour
  /// values 0 .. 255, so within [-2, 2); `labels` is (height, width), 0 .. 10.
  void scene(std::int64_t index, float* picture, std::uint8_t* labels) const {
    random_stream random(seed_, static_cast<std::uint64_t>(index));
    paint_background(random, picture);
    std::fill(labels, labels + plane(), std::uint8_t{0});

    // A garment for 1300 pixels of canvas, more or less.
    const auto usual = static_cast<std::int32_t>(std::clamp<std::int64_t>(plane() / 1300, 1, most_garments - 1));
    const std::int32_t count = random.between(std::max(1, usual - 1), usual + 1);
    std::vector<std::pair<std::int32_t, std::int32_t>> centres(static_cast<std::size_t>(count));
    for (std::int32_t i = 0; i < count; ++i) {
      centres[static_cast<std::size_t>(i)] = free_place(random, centres.data(), i);
      draw_garment(random, centres[static_cast<std::size_t>(i)], picture, labels);
    }
    finish(random, picture);
  }

  /// The same into views. Throws shape_error if they are not (3, height, width) and (height, width).
  void scene(std::int64_t index, const tensor_view<float, 3>& picture,
             const tensor_view<std::uint8_t, 2>& labels) const {
    const std::array<std::int64_t, 3> planes = {3, height_, width_};
    if (picture.extents() != planes || labels.extent(0) != height_ || labels.extent(1) != width_) {
      const std::string of = extents_to_text(std::array{height_, width_}, 2);
      const std::string expected = "3 x " + of + " and " + of;
      const std::string found = extents_to_text(picture.extents(), 3) + " and " + extents_to_text(labels.extents(), 2);
      throw shape_error("a scene and its labels are " + expected + ", found " + found, "scene", expected, found);
    }
    scene(index, picture.data(), labels.data());
  }

 private:
  static constexpr std::int32_t most_garments = 4096;

  /// How a kind of garment usually looks beside the others; in the files all kinds are of one size, and grey.
  struct manner {
    std::int32_t size;                   ///< in per cent of the files' size
    std::array<std::int32_t, 3> colour;  ///< red, green, blue
  };
  static constexpr std::array<manner, garment_names.size()> manners = {{
      {90, {230, 90, 90}},     // T-shirt
      {120, {90, 120, 220}},   // trousers
      {120, {110, 200, 110}},  // pullover
      {135, {235, 120, 210}},  // dress
      {140, {150, 110, 70}},   // coat
      {90, {235, 200, 140}},   // sandal
      {105, {220, 225, 245}},  // shirt
      {95, {120, 215, 215}},   // sneaker
      {100, {215, 140, 60}},   // bag
      {110, {130, 100, 150}},  // ankle boot
  }};

  std::int64_t plane() const { return static_cast<std::int64_t>(height_) * width_; }

  /// While a scene is drawn its picture holds whole numbers of 0 .. 255.
  static float whole(std::int32_t value) { return static_cast<float>(std::clamp(value, 0, 255)); }

  /// A colour, smooth clouds over it, and soft stripes.
  void paint_background(random_stream& random, float* picture) const {
    constexpr std::int32_t cell = 16;
    std::array<std::int32_t, 3> colour{};
    for (std::int32_t& value : colour) value = random.between(40, 120);
    const std::uint64_t cloud_seed = random.bits();
    const std::int32_t stripe_x = random.between(-40, 40), stripe_y = random.between(-40, 40);
    const std::int32_t stripe_height = random.between(0, 20);

    // The corners' values are hashed from their place: nothing needs to be stored.
    const auto corner = [cloud_seed](std::int32_t row, std::int32_t column, std::int32_t channel) {
      const auto place = static_cast<std::uint64_t>((static_cast<std::int64_t>(row) * 2048 + column) * 4 + channel);
      return random_stream(cloud_seed, place).between(-40, 40);
    };
    for (std::int32_t channel = 0; channel < 3; ++channel) {
      float* target = picture + channel * plane();
      for (std::int32_t y = 0; y < height_; ++y) {
        const std::int32_t fy = y % cell;
        for (std::int32_t left = 0; left < width_; left += cell) {
          const std::int32_t row = y / cell, column = left / cell;
          const auto edge = [&](std::int32_t at) {  // clouds common to the channels, and half as strong their own
            const std::int32_t above = 2 * corner(row, at, 3) + corner(row, at, channel);
            const std::int32_t below = 2 * corner(row + 1, at, 3) + corner(row + 1, at, channel);
            return above * (cell - fy) + below * fy;
          };
          const std::int32_t from = edge(column), to = edge(column + 1);
          for (std::int32_t x = left; x < std::min(left + cell, width_); ++x) {
            const std::int32_t cloud = (from * (cell - (x - left)) + to * (x - left)) / (2 * cell * cell);
            const std::int32_t wave = std::abs(((stripe_x * x + stripe_y * y) & 255) - 128) - 64;
            target[static_cast<std::int64_t>(y) * width_ + x] =
                whole(colour[static_cast<std::size_t>(channel)] + cloud + wave * stripe_height / 64);
          }
        }
      }
    }
  }

  /// A centre (x, y) away from the others if some tries find one, so that overlaps stay moderate.
  std::pair<std::int32_t, std::int32_t> free_place(random_stream& random,
                                                   const std::pair<std::int32_t, std::int32_t>* centres,
                                                   std::int32_t count) const {
    constexpr std::int32_t margin = 12, distance = 27, tries = 16;
    std::pair<std::int32_t, std::int32_t> best{};
    std::int64_t best_distance = -1;
    for (std::int32_t i = 0; i < tries; ++i) {
      const std::int32_t x = random.between(margin, width_ - 1 - margin);
      const std::int32_t y = random.between(margin, height_ - 1 - margin);
      std::int64_t nearest = distance * distance;
      for (std::int32_t other = 0; other < count; ++other) {
        const std::int64_t dx = centres[other].first - x, dy = centres[other].second - y;
        nearest = std::min(nearest, dx * dx + dy * dy);
      }
      if (nearest > best_distance) {
        best = {x, y};
        best_distance = nearest;
      }
      if (nearest == distance * distance) break;
    }
    return best;
  }

  /// Draws one garment: of its kind's size within 10 per cent, of its kind's colour within 50 of 255 a channel (so that
  /// the kinds' colours overlap), turned by up to 15 degrees either way.
  void draw_garment(random_stream& random, std::pair<std::int32_t, std::int32_t> centre, float* picture,
                    std::uint8_t* labels) const {
    const auto chosen = static_cast<std::size_t>(random.below(static_cast<std::int32_t>(source_.count())));
    const garment_cutout cutout = cut_out(source_.shades.data() + chosen * garment_size * garment_size);
    const auto label = static_cast<std::uint8_t>(source_.kinds[chosen] + 1);
    const manner& kind = manners[source_.kinds[chosen]];
    std::array<std::int32_t, 3> tint = kind.colour;
    for (std::int32_t& value : tint) value = std::clamp(value + random.between(-50, 50), 0, 255);

    // Fixed point with 16 binary places. The rotation is made from the tangent of half its angle: no library's sine.
    constexpr std::int64_t one = 65536;
    const std::int64_t scale = kind.size * random.between(58982, 72090) / 100, tangent = random.between(-8628, 8628);
    const std::int64_t square = tangent * tangent / one;
    const std::int64_t across = (one - square) * one / (one + square) * one / scale;
    const std::int64_t along = 2 * tangent * one / (one + square) * one / scale;

    const auto reach = static_cast<std::int32_t>(garment_size * scale * 3 / (4 * one)) + 1;  // over half the diagonal
    const std::int32_t top = std::max(0, centre.second - reach), bottom = std::min(height_, centre.second + reach);
    const std::int32_t left = std::max(0, centre.first - reach), right = std::min(width_, centre.first + reach);
    constexpr std::int64_t middle = (garment_cutout::size - 1) * one / 2, limit = (garment_cutout::size - 1) * one;
    for (std::int32_t y = top; y < bottom; ++y) {
      for (std::int32_t x = left; x < right; ++x) {
        const std::int64_t dx = x - centre.first, dy = y - centre.second;
        const std::int64_t u = middle + across * dx + along * dy, v = middle + across * dy - along * dx;
        if (u < 0 || v < 0 || u >= limit || v >= limit) continue;
        const std::int32_t cover = sample(cutout.inside.data(), u, v);
        if (cover == 0) continue;
        const std::int32_t shade = sample(cutout.shade.data(), u, v);
        const std::int64_t pixel = static_cast<std::int64_t>(y) * width_ + x;
        if (cover >= 128) labels[pixel] = label;
        // Light is a quarter everywhere and three quarters as the garment's own shade says.
        const std::int32_t light = cover + 3 * shade;
        for (std::int32_t channel = 0; channel < 3; ++channel) {
          float& value = picture[channel * plane() + pixel];
          const std::int32_t below = static_cast<std::int32_t>(value) * (255 - cover);
          value = whole((4 * below + tint[static_cast<std::size_t>(channel)] * light) / (4 * 255));
        }
      }
    }
  }

  /// The linear interpolation of a cut-out's bytes at column u, row v (16 binary places, inside the frame).
  static std::int32_t sample(const std::uint8_t* bytes, std::int64_t u, std::int64_t v) {
    const std::uint8_t* corner = bytes + (v >> 16) * garment_cutout::size + (u >> 16);
    const auto fu = static_cast<std::int32_t>(u >> 8 & 255), fv = static_cast<std::int32_t>(v >> 8 & 255);
    const std::int32_t above = corner[0] * (256 - fu) + corner[1] * fu;
    const std::int32_t below = corner[garment_cutout::size] * (256 - fu) + corner[garment_cutout::size + 1] * fu;
    return (above * (256 - fv) + below * fv) >> 16;
  }

  /// Adds a grain of up to 6 either way to each value and brings it to (value - 128) / 64, which is exact.
  void finish(random_stream& random, float* picture) const {
    for (std::int64_t pixel = 0; pixel < plane(); ++pixel) {
      std::uint64_t bits = random.bits();
      for (std::int32_t channel = 0; channel < 3; ++channel, bits >>= 16) {
        float& value = picture[channel * plane() + pixel];
        const std::int32_t grain = static_cast<std::int32_t>((bits & 65535) * 13 >> 16) - 6;
        value = (whole(static_cast<std::int32_t>(value) + grain) - 128.0f) * (1.0f / 64.0f);
      }
    }
  }

  garments source_;
  std::uint64_t seed_;
  std::int32_t height_, width_;
};

}  // namespace v0
}  // namespace tenon
