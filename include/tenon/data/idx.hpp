// SPDX-License-Identifier: Apache-2.0
// Reads idx files (the format of MNIST and its kin), gzipped or not.
#pragma once

#if !__has_include(<zlib.h>)
#  include "tenon/core/language.hpp"
#  error "zlib was not found. Debian: apt-get install zlib1g-dev; by hand also -lz"
#  include TENON_STOP
#endif

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "tenon/core/error.hpp"
#include "tenon/io/file.hpp"

namespace tenon {
inline namespace v0 {

/// A dense row-major array of bytes.
struct idx_array {
  std::vector<std::int64_t> extents;  ///< outermost first
  std::vector<std::uint8_t> values;   ///< as many as the product of the extents
};

namespace detail {

/// An open gzip file that knows its path, for the sentences of its errors.
class gzip_reader {
 public:
  explicit gzip_reader(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (!file_) throw_file_error(path, "a readable file", errno);
  }

  /// Reads up to `count` bytes and says how many there were. Throws file_error or, for a damaged or cut stream,
  /// format_error.
  std::size_t read(std::uint8_t* target, std::size_t count) {
    std::size_t done = 0;
    while (done < count) {
      const auto part = static_cast<unsigned>(std::min<std::size_t>(count - done, std::size_t{1} << 24));
      const int got = gzread(file_.get(), target + done, part);
      if (got < 0) fail();
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    // A stream that ends early is reported with the bytes it still had, as an error beside a success.
    int code = Z_OK;
    gzerror(file_.get(), &code);
    if (done < count && code != Z_OK && code != Z_STREAM_END) fail();
    return done;
  }

 private:
  [[noreturn]] void fail() {
    int code = Z_OK;
    std::string message = gzerror(file_.get(), &code);
    if (message.starts_with(path_ + ": ")) message.erase(0, path_.size() + 2);
    if (code == Z_ERRNO) {
      throw file_error(path_ + ": expected a readable file, found: " + message, path_, "a readable file", message);
    }
    throw_format_error(path_, "a whole gzip file", message);
  }

  struct closer {
    void operator()(gzFile file) const { gzclose(file); }
  };

  std::string path_;
  std::unique_ptr<gzFile_s, closer> file_;
};

}  // namespace detail

/// Reads an idx file of unsigned bytes: two zero bytes, the element type (0x08), the rank, then the extents as
/// big-endian 32-bit numbers and the values. The file may be gzipped. Throws file_error when it cannot be read,
/// format_error when it is damaged, cut, of another element type, or has bytes left over.
inline idx_array read_idx(const std::string& path) {
  detail::gzip_reader file(path);
  const auto refuse = [&path](const std::string& expected, const std::string& found) {
    detail::throw_format_error(path, "an idx file with " + expected, found);
  };

  std::array<std::uint8_t, 4> head{};
  const std::size_t head_bytes = file.read(head.data(), head.size());
  if (head_bytes < head.size()) refuse("a header of 4 bytes", std::to_string(head_bytes) + " bytes");
  if (head[0] != 0 || head[1] != 0) {
    refuse("two zero bytes at the start", std::to_string(head[0]) + " and " + std::to_string(head[1]));
  }
  if (head[2] != 0x08) refuse("element type 8 (unsigned byte)", "element type " + std::to_string(head[2]));
  if (head[3] == 0) refuse("a rank of 1 or more", "rank 0");

  idx_array result;
  std::int64_t count = 1;
  for (int i = 0; i < head[3]; ++i) {
    std::array<std::uint8_t, 4> bytes{};
    if (file.read(bytes.data(), bytes.size()) < bytes.size())
      refuse(std::to_string(head[3]) + " extents", "a cut header");
    std::int64_t extent = 0;
    for (std::uint8_t byte : bytes) extent = extent * 256 + byte;
    if (extent != 0 && count > std::numeric_limits<std::int64_t>::max() / extent) {
      refuse("extents whose product is a size", "a product over 2^63");
    }
    result.extents.push_back(extent);
    count *= extent;
  }

  // Memory grows with what is really there: a damaged header cannot ask for all of it.
  constexpr std::int64_t portion = std::int64_t{1} << 24;
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t wanted = std::min(count - done, portion);
    result.values.resize(static_cast<std::size_t>(done + wanted));
    const auto got =
        static_cast<std::int64_t>(file.read(result.values.data() + done, static_cast<std::size_t>(wanted)));
    done += got;
    if (got < wanted) refuse(std::to_string(count) + " values", std::to_string(done));
  }
  std::uint8_t surplus = 0;
  if (file.read(&surplus, 1) != 0) refuse("an end after " + std::to_string(count) + " values", "more bytes");
  return result;
}

}  // namespace v0
}  // namespace tenon
