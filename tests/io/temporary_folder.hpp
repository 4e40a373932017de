// SPDX-License-Identifier: Apache-2.0
// Files that tests write into folders of their own, and the damage that they do to them.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>

#include "support/temporary_folder.hpp"
#include "tenon/core/error.hpp"

inline std::string read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  return bytes.str();
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  // Some file systems write a file that is cut and refilled to disk at once; a new one can wait.
  std::filesystem::remove(path);
  std::ofstream stream(path, std::ios::binary);
  stream << bytes;
  if (!stream.flush()) throw std::runtime_error("cannot write " + path);
}

/// The sentence of the `Error` that `action` throws; fails the test if it throws none, or another.
template <class Error, class Action>
std::string sentence_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    FAIL("another exception: " << error.what());
  }
  FAIL("no exception");
  return {};
}

/// Calls `load` on every truncation of `valid` (at most `truncations` of them) and on `mutations` copies with some
/// bytes changed, always the same ones. `load` may succeed or throw tenon::file_error or tenon::format_error; all else
/// fails the test. Every truncation must throw. Returns how many mutations were refused.
template <class Load>
int damage(const std::string& path, const std::string& valid, std::size_t truncations, int mutations,
           const Load& load) {
  const auto refused = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    try {
      load(path);
    } catch (const tenon::format_error& error) {
      // One sentence that names the file.
      if (std::string(error.what()).find(path) != 0) FAIL(error.what());
      if (std::string(error.what()).find('\n') != std::string::npos) FAIL(error.what());
      return true;
    } catch (const std::exception& error) {
      FAIL("another exception: " << error.what());
    }
    return false;
  };
  const std::size_t stride = valid.size() / truncations + 1;
  for (std::size_t length = 0; length < valid.size(); length += stride) {
    INFO("cut to " << length << " of " << valid.size() << " bytes");
    CHECK(refused(valid.substr(0, length)));
  }
  CHECK(refused(valid.substr(0, valid.size() - 1)));

  std::mt19937 random(20240229);
  int count = 0;
  for (int i = 0; i < mutations; ++i) {
    std::string bytes = valid;
    // The beginning, where headers are, is hit as often as all of the rest.
    const std::size_t range = i % 2 == 0 ? valid.size() : std::min<std::size_t>(valid.size(), 160);
    for (unsigned change = 0; change <= random() % 4; ++change) {
      char& byte = bytes[random() % range];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1 + random() % 255));
    }
    count += refused(bytes) ? 1 : 0;
  }
  return count;
}
