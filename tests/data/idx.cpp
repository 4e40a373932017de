// SPDX-License-Identifier: Apache-2.0
// idx files: read whole, and refused with a sentence when they are damaged, cut or something else.
#include "tenon/data/idx.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "io/temporary_folder.hpp"
#include "small_garments.hpp"

namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

std::vector<std::uint8_t> counted(std::size_t count) {
  std::vector<std::uint8_t> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<std::uint8_t>(i * 31 + i / 256));
  return values;
}

std::string refusal(const std::string& path) {
  return sentence_of<tenon::format_error>([&path] { tenon::read_idx(path); });
}

}  // namespace

TEST_CASE("an idx file is read, gzipped or not") {
  const temporary_folder folder;
  const std::string path = folder.file("array");
  const std::vector<std::uint8_t> values = counted(2 * 3 * 300);
  for (const bool zipped : {true, false}) {
    CAPTURE(zipped);
    if (zipped) {
      write_gzip(path, idx_text({2, 3, 300}, values));
    } else {
      write_bytes(path, idx_text({2, 3, 300}, values));
    }
    const tenon::idx_array array = tenon::read_idx(path);
    CHECK(array.extents == std::vector<std::int64_t>{2, 3, 300});
    CHECK(array.values == values);
  }
}

TEST_CASE("an idx file may hold nothing") {
  const temporary_folder folder;
  write_gzip(folder.file("array"), idx_text({0, 28}, {}));
  const tenon::idx_array array = tenon::read_idx(folder.file("array"));
  CHECK(array.extents == std::vector<std::int64_t>{0, 28});
  CHECK(array.values.empty());
}

TEST_CASE("a file that is not there, and a folder, are file errors") {
  const temporary_folder folder;
  const std::string missing = folder.file("missing.gz");
  CHECK_THAT(sentence_of<tenon::file_error>([&] { tenon::read_idx(missing); }), StartsWith(missing));
  const std::string itself = folder.file(".");
  CHECK_THAT(sentence_of<tenon::file_error>([&] { tenon::read_idx(itself); }), StartsWith(itself));
}

TEST_CASE("a file that is no idx file of bytes is refused") {
  const temporary_folder folder;
  const std::string path = folder.file("array.gz");
  const auto found = [&path](const std::string& text) {
    write_gzip(path, text);
    return refusal(path);
  };
  CHECK_THAT(found(""), Contains("a header of 4 bytes, found 0 bytes"));
  CHECK_THAT(found("RIFF and so on"), Contains("two zero bytes at the start, found 82 and 73"));
  CHECK_THAT(found(std::string("\0\0\x0D\x01\0\0\0\x01", 8)),
             Contains("element type 8 (unsigned byte), found element type 13"));
  CHECK_THAT(found(std::string("\0\0\x08\0", 4)), Contains("a rank of 1 or more, found rank 0"));
  CHECK_THAT(found(std::string("\0\0\x08\x02\0\0\0\x01", 8)), Contains("2 extents, found a cut header"));
  CHECK_THAT(found(idx_text({5}, counted(4))), Contains("5 values, found 4"));
  CHECK_THAT(found(idx_text({5}, counted(6))), Contains("an end after 5 values, found more bytes"));
  // Extents that ask for more than any memory.
  CHECK_THAT(found(idx_text({0xFFFFFFFF, 0xFFFFFFFF, 16}, counted(4))), Contains("product"));
  CHECK_THAT(found(idx_text({0xFFFFFFFF, 0x7FFFFFFF}, counted(4))), Contains("values, found 4"));
}

TEST_CASE("a damaged gzip file is refused, wherever it is cut") {
  const temporary_folder folder;
  const std::string path = folder.file("array.gz");
  write_gzip(path, idx_text({900}, counted(900)));
  const std::string valid = read_bytes(path);
  CHECK(tenon::read_idx(path).values.size() == 900);
  // Nearly every change is noticed: the header's time and flags alone are free, and the sum covers the rest.
  CHECK(damage(path, valid, 60, 200, [](const std::string& file) { tenon::read_idx(file); }) > 150);
}
