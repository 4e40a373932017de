// SPDX-License-Identifier: Apache-2.0
// Garments made up for tests, and files of them as the data set's own are.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tenon/data/garments.hpp"

/// One garment a kind: a block whose shades rise from left to right, its size and place after its kind.
inline tenon::garments small_garments() {
  tenon::garments result;
  for (int kind = 0; kind < 10; ++kind) {
    for (int y = 0; y < tenon::garment_size; ++y) {
      for (int x = 0; x < tenon::garment_size; ++x) {
        const bool inside = x >= 2 + kind / 2 && x < 26 - kind % 3 && y >= kind && y < 27;
        result.shades.push_back(inside ? static_cast<std::uint8_t>(40 + 7 * x + kind) : std::uint8_t{0});
      }
    }
    result.kinds.push_back(static_cast<std::uint8_t>(kind));
  }
  return result;
}

/// The bytes of an idx file.
inline std::string idx_text(const std::vector<std::uint32_t>& extents, const std::vector<std::uint8_t>& values) {
  std::string text = {'\0', '\0', '\x08', static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) {
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(extent >> shift);
  }
  text.append(values.begin(), values.end());
  return text;
}

inline void write_gzip(const std::string& path, const std::string& text) {
  const gzFile file = gzopen(path.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("cannot write " + path);
  const int written = gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  if (gzclose(file) != Z_OK || written != static_cast<int>(text.size())) {
    throw std::runtime_error("cannot write " + path);
  }
}

/// Writes both files of a split, `start` being the path up to "train" or "t10k".
inline void write_garments(const std::string& start, const tenon::garments& garments) {
  const auto count = static_cast<std::uint32_t>(garments.count());
  write_gzip(start + "-images-idx3-ubyte.gz", idx_text({count, 28, 28}, garments.shades));
  write_gzip(start + "-labels-idx1-ubyte.gz", idx_text({count}, garments.kinds));
}
