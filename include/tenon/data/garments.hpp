// SPDX-License-Identifier: Apache-2.0
// Small grey pictures of single garments (Fashion-MNIST), and the outline of each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/core/tensor_view.hpp"
#include "tenon/data/idx.hpp"
#include "tenon/io/file.hpp"

namespace tenon {
inline namespace v0 {

/// The height and the width of a garment's picture in pixels.
inline constexpr std::int32_t garment_size = 28;

/// The kinds of garments, by the class index of the files.
inline constexpr std::array<const char*, 10> garment_names = {"T-shirt", "trousers", "pullover", "dress", "coat",
                                                              "sandal",  "shirt",    "sneaker",  "bag",   "ankle boot"};

/// Pictures of single garments and their kinds.
struct garments {
  std::vector<std::uint8_t> shades;  ///< (count, 28, 28), 0 where there is no garment
  std::vector<std::uint8_t> kinds;   ///< (count), 0 .. 9

  std::int64_t count() const { return static_cast<std::int64_t>(kinds.size()); }
};

/// Which of the two files: the garments to learn from, or those held out for tests.
enum class garment_split : std::uint8_t { train, held_out };

/// Reads `train-*` or `t10k-*` from a folder laid out as Debian's dataset-fashion-mnist has it:
/// `*-images-idx3-ubyte.gz` and `*-labels-idx1-ubyte.gz`. Throws what read_idx throws, format_error for files that do
/// not belong together, label_error for a kind over 9.
inline garments read_garments(const std::string& folder, garment_split split) {
  const std::string start = folder + (split == garment_split::train ? "/train" : "/t10k");
  const std::string image_path = start + "-images-idx3-ubyte.gz", label_path = start + "-labels-idx1-ubyte.gz";
  idx_array images = read_idx(image_path), labels = read_idx(label_path);

  const auto written = [](const std::vector<std::int64_t>& extents) {
    return extents_to_text(extents, extents.size());
  };
  const std::int64_t count = labels.extents[0];
  if (labels.extents.size() != 1 || count == 0) {
    detail::throw_format_error(label_path, "a list of 1 or more labels", written(labels.extents));
  }
  const std::vector<std::int64_t> expected = {count, garment_size, garment_size};
  if (images.extents != expected) detail::throw_format_error(image_path, written(expected), written(images.extents));
  for (std::uint8_t kind : labels.values) {
    if (kind < garment_names.size()) continue;
    throw label_error(label_path + ": expected kinds of 0 to 9, found " + std::to_string(kind), label_path, "0 to 9",
                      std::to_string(kind));
  }
  return {std::move(images.values), std::move(labels.values)};
}

/// A garment with its outline, both framed by one empty pixel on each side.
struct garment_cutout {
  static constexpr std::int32_t size = garment_size + 2;
  std::array<std::uint8_t, static_cast<std::size_t>(size* size)> shade{};   ///< grey value, 0 outside the outline
  std::array<std::uint8_t, static_cast<std::size_t>(size* size)> inside{};  ///< 255 inside the outline, else 0
};

namespace detail {

/// Turns every connected patch (4 neighbours) of value `from` with fewer than `least` pixels into `to`.
inline void absorb_small_patches(garment_cutout& cutout, std::uint8_t from, std::uint8_t to, std::size_t least) {
  constexpr std::size_t row = garment_cutout::size, pixels = row * row;
  std::array<bool, pixels> seen{};
  std::array<std::size_t, pixels> patch{};
  for (std::size_t start = 0; start < pixels; ++start) {
    if (seen[start] || cutout.inside[start] != from) continue;
    std::size_t found = 0;
    const auto visit = [&](std::size_t pixel) {
      if (seen[pixel] || cutout.inside[pixel] != from) return;
      seen[pixel] = true;
      patch[found++] = pixel;
    };
    visit(start);
    for (std::size_t next = 0; next < found; ++next) {
      const std::size_t pixel = patch[next], column = pixel % row;
      if (column > 0) visit(pixel - 1);
      if (column + 1 < row) visit(pixel + 1);
      if (pixel >= row) visit(pixel - row);
      if (pixel + row < pixels) visit(pixel + row);
    }
    if (found >= least) continue;
    for (std::size_t i = 0; i < found; ++i) cutout.inside[patch[i]] = to;
  }
}

}  // namespace detail

/// Cuts a 28 x 28 garment out of its empty background: its pixels brighter than 10, without specks of fewer than 6
/// pixels, and with enclosed holes of fewer than 24 pixels filled (dark cloth; the larger ones, such as a bag's handle,
/// stay open).
inline garment_cutout cut_out(const std::uint8_t* shades) {
  garment_cutout result;
  constexpr std::size_t row = garment_cutout::size;
  for (std::size_t y = 0; y < garment_size; ++y) {
    for (std::size_t x = 0; x < garment_size; ++x) {
      const std::uint8_t shade = shades[y * garment_size + x];
      result.shade[(y + 1) * row + x + 1] = shade;
      result.inside[(y + 1) * row + x + 1] = shade > 10 ? 255 : 0;
    }
  }
  detail::absorb_small_patches(result, 255, 0, 6);
  detail::absorb_small_patches(result, 0, 255, 24);
  for (std::size_t i = 0; i < result.shade.size(); ++i) result.shade[i] &= result.inside[i];
  return result;
}

}  // namespace v0
}  // namespace tenon
