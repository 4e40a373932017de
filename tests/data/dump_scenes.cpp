// SPDX-License-Identifier: Apache-2.0
// Writes garment scenes as two npy files, for recipes outside the library.
//
//   dump_scenes GARMENTS train|held_out SEED FIRST COUNT HEIGHT WIDTH PREFIX
//
// makes PREFIX-pictures.npy, bytes (COUNT, 3, HEIGHT, WIDTH) of colour values, and PREFIX-labels.npy, bytes
// (COUNT, HEIGHT, WIDTH).
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/data/garment_scenes.hpp"

namespace {

/// A new npy file (version 1.0) of bytes, its header written.
std::ofstream start_npy(const std::string& path, const std::string& extents) {
  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (" + extents + "), }";
  while ((header.size() + 11) % 64 != 0) header += ' ';  // 10 bytes before it and a line break after it
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00", 8);
  file.put(static_cast<char>(header.size() & 255)).put(static_cast<char>(header.size() >> 8));
  file << header;
  return file;
}

int dump(char** arguments) {
  const std::string folder = arguments[1], split = arguments[2], prefix = arguments[8];
  if (split != "train" && split != "held_out") {
    std::fprintf(stderr, "the split is train or held_out, not '%s'\n", split.c_str());
    return 2;
  }
  const std::int64_t first = std::stoll(arguments[4]), count = std::stoll(arguments[5]);
  const int height = std::stoi(arguments[6]), width = std::stoi(arguments[7]);
  const tenon::garment_scenes scenes(
      tenon::read_garments(folder, split == "train" ? tenon::garment_split::train : tenon::garment_split::held_out),
      std::stoull(arguments[3]), height, width);

  const std::string size = std::to_string(height) + ", " + std::to_string(width);
  std::ofstream pictures = start_npy(prefix + "-pictures.npy", std::to_string(count) + ", 3, " + size);
  std::ofstream labels = start_npy(prefix + "-labels.npy", std::to_string(count) + ", " + size);
  const std::size_t plane = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  std::vector<float> picture(3 * plane);
  std::vector<std::uint8_t> colours(3 * plane), label(plane);
  for (std::int64_t i = first; i < first + count; ++i) {
    scenes.scene(i, picture.data(), label.data());
    for (std::size_t k = 0; k < picture.size(); ++k) colours[k] = tenon::garment_scenes::colour_value(picture[k]);
    pictures.write(reinterpret_cast<const char*>(colours.data()), static_cast<std::streamsize>(colours.size()));
    labels.write(reinterpret_cast<const char*>(label.data()), static_cast<std::streamsize>(label.size()));
  }
  pictures.flush();
  labels.flush();
  if (!pictures || !labels) throw tenon::file_error("cannot write '" + prefix + "-*.npy'", prefix);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 9) {
    std::fprintf(stderr, "usage: dump_scenes GARMENTS train|held_out SEED FIRST COUNT HEIGHT WIDTH PREFIX\n");
    return 2;
  }
  try {
    return dump(arguments);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
